"""Which of the sets of weights in a file is taken: the usual one, said where there are others, or the one asked for."""

import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models import load
from foodviz.models.files.weights import read_checkpoint


def net(seed):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 64 * 64, 3)
    )


def under(prefix, weights):
    return {prefix + name: value for name, value in weights.items()}


FIRST, SECOND = net(1).state_dict(), net(2).state_dict()
COUNTED = {"n_averaged": torch.tensor(3), **under("module.", SECOND)}
# Files with two sets that hold the same names: content, the name of the second.
TWO = {
    "beside": ({"state_dict": FIRST, "state_dict_ema": SECOND}, "state_dict_ema"),
    "torchvision's": ({"model": FIRST, "model_ema": COUNTED, "optimizer": {}}, "model_ema"),
    "deeper": ({"model": FIRST, "ema": {"decay": 0.9, "shadow": SECOND}}, "ema"),
    "modules": ({"model": net(1), "ema": net(2)}, "ema"),
    "usual names": ({"net": FIRST, "params": SECOND}, "params"),
    "under prefixes": ({**under("model.", FIRST), **under("ema_model.", SECOND), "step": torch.ones(())}, "ema_model"),
    "under prefixes, wrapped": ({"state_dict": {**under("teacher.", SECOND), **under("net.", FIRST)}}, "teacher"),
}


def kernel(path, **settings):
    weights = read_checkpoint(path, **settings).weights
    (name,) = (name for name in weights if name.endswith("0.weight"))
    return weights[name]


@pytest.mark.parametrize("form", TWO)
def test_the_usual_set_is_taken_and_the_other_is_offered(form, tmp_path):
    content, name = TWO[form]
    torch.save(content, tmp_path / "a")
    assert torch.equal(kernel(tmp_path / "a"), FIRST["0.weight"])
    (remark,) = read_checkpoint(tmp_path / "a").remarks
    assert f"`weight_set` {name} takes those" in remark
    assert torch.equal(kernel(tmp_path / "a", weights=name), SECOND["0.weight"])


@pytest.mark.parametrize("form", ["beside", "torchvision's", "deeper", "modules", "under prefixes"])
def test_a_part_of_the_name_in_any_case_is_enough(form, tmp_path):
    torch.save(TWO[form][0], tmp_path / "a")
    assert torch.equal(kernel(tmp_path / "a", weights="EMA"), SECOND["0.weight"])


def test_what_holds_other_names_is_no_second_set(tmp_path):
    torch.save({"state_dict": FIRST, "best": torch.ones(()), "history": {"loss": torch.ones(9)}}, tmp_path / "a")
    assert not read_checkpoint(tmp_path / "a").remarks
    halves = {**under("left.", FIRST), **under("right.", SECOND)}  # of one net
    torch.save(halves, tmp_path / "a")
    assert read_checkpoint(tmp_path / "a").weights.keys() == halves.keys()


def test_sets_of_unusual_names_are_not_guessed_between(tmp_path):
    torch.save({"student": FIRST, "teacher": SECOND}, tmp_path / "a")
    with pytest.raises(InputError, match=r"several sets of weights \(student, teacher\); `weight_set` student"):
        read_checkpoint(tmp_path / "a")
    assert torch.equal(kernel(tmp_path / "a", weights="teacher"), SECOND["0.weight"])


@pytest.mark.parametrize("content", [FIRST, {"state_dict": FIRST}, net(1)])
def test_a_set_that_is_not_there_is_refused(content, tmp_path):
    torch.save(content, tmp_path / "a")
    with pytest.raises(InputError, match=r"`weight_set` ema: no set of weights of that name; the file holds"):
        read_checkpoint(tmp_path / "a", weights="ema")


def test_the_two_are_two_classifiers(tmp_path):
    torch.save(TWO["beside"][0], tmp_path / "a")
    first, second = load(str(tmp_path / "a")), load(str(tmp_path / "a"), weight_set="ema")
    assert first.identity != second.identity
    assert any("state_dict_ema" in line for line in first.origin.guesses)
    assert torch.equal(second.network.state_dict()["0.weight"], SECOND["0.weight"])


def test_many_names_for_one_set_are_one(tmp_path):
    torch.save({"model": FIRST, **{f"again{number}": FIRST for number in range(50)}}, tmp_path / "a")
    assert not read_checkpoint(tmp_path / "a").remarks
