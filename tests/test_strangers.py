"""What lies beside the weights costs them nothing and runs nothing; what the weights need is refused by its name."""

import collections
import datetime
import enum
import functools
import pathlib
import pickle
import warnings

import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models.files.strangers import Global
from foodviz.models.files.weights import read_checkpoint


class Settings(dict):
    """A configuration that is a dictionary, too, as many are."""


class Sizes(list):
    pass


class Mode(enum.Enum):
    FAST = 1


class Slotted:
    __slots__ = ("nodes",)

    def __init__(self):
        self.nodes = torch.ones(3)


class Exact:
    def __new__(cls, *, value):
        made = super().__new__(cls)
        made.value = value
        return made

    def __getnewargs_ex__(self):
        return (), {"value": 3}


class Called:
    def __reduce__(self):
        return functools.partial, (print,), (print, ("nothing",), {}, None)


def optimiser(net):
    made = torch.optim.AdamW(net.parameters())
    net(torch.rand(1, 3, 8, 8)).sum().backward()
    made.step()
    return made


BESIDE = {
    "optimiser": optimiser,
    "schedule": lambda net: torch.optim.lr_scheduler.StepLR(optimiser(net), 3),
    "criterion": lambda _: nn.CrossEntropyLoss(torch.ones(3)),
    "dictionary": lambda _: Settings(lr=0.1, inner=Settings(path=pathlib.PurePosixPath("a/b"))),
    "list": lambda _: Sizes([1, Sizes()]),
    "path": lambda _: pathlib.PurePosixPath("a"),
    "date": lambda _: datetime.datetime(2026, 1, 1),
    "enum": lambda _: {Mode.FAST: [Mode.FAST]},
    "slots": lambda _: Slotted(),
    "named arguments": lambda _: Exact(value=3),
    "method": lambda net: net.forward,
    "call": lambda _: Called(),
    "containers": lambda _: [collections.Counter("aab"), collections.deque([1]), {(1, "a"): 2}, {1, 2}],
}


@pytest.fixture
def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


@pytest.mark.parametrize("what", BESIDE)
@pytest.mark.parametrize("old", [False, True])
def test_objects_beside_the_weights_are_left_alone(what, old, net, tmp_path):
    content = {what: BESIDE[what](net), "state_dict": net.state_dict(), "hyper_parameters": {"held": BESIDE[what](net)}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(content, tmp_path / "a", _use_new_zipfile_serialization=not old)
    weights = read_checkpoint(tmp_path / "a").weights
    assert all(torch.equal(weights[name], value) for name, value in net.state_dict().items())
    assert weights.keys() == net.state_dict().keys()


def test_they_are_named(net, tmp_path):
    torch.save({"state_dict": net.state_dict(), "path": pathlib.PurePosixPath("a"), "by": Slotted()}, tmp_path / "a")
    assert "left alone beside them: pathlib" in read_checkpoint(tmp_path / "a").form


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_in_every_protocol(protocol, net, tmp_path):
    content = {
        "weights": {name: value.numpy() for name, value in net.state_dict().items()},
        "by": [Sizes(), Settings()],
    }
    (tmp_path / "a").write_bytes(pickle.dumps(content, protocol))
    assert read_checkpoint(tmp_path / "a").weights.keys() == net.state_dict().keys()


class Inner(nn.Module):
    def __reduce__(self):
        return Settings, ()


NEEDED = {
    "a weight": lambda net: {**net.state_dict(), "3.scale": Slotted()},
    "a weight in a wrapper": lambda net: {"state_dict": {**net.state_dict(), "weight": Slotted()}},
    "all of it": lambda _: {"state_dict": Settings()},
    "the object itself": lambda _: Slotted(),
    "a child of a model": lambda net: nn.Sequential(net, Inner()),
}


@pytest.mark.parametrize("what", NEEDED)
def test_one_that_the_weights_need_is_refused_by_its_name(what, net, tmp_path):
    torch.save(NEEDED[what](net), tmp_path / "a")
    with pytest.raises(InputError, match=r"needs test_strangers\.(Slotted|Settings), .*nothing was run"):
        read_checkpoint(tmp_path / "a")


@pytest.mark.parametrize(
    "name",
    ["os.system", "posix.execv", "subprocess.Popen", "builtins.eval", "__builtin__.open", "importlib.import_module"],
)
def test_a_name_that_acts_is_refused_even_beside_the_weights(name, net, tmp_path):
    module, _, attribute = name.rpartition(".")
    assert Global(module, attribute).acts
    harm = f"c{module}\n{attribute}\n(V1\ntR.".encode()
    arrays = pickle.dumps({"weights": {name: value.numpy() for name, value in net.state_dict().items()}}, 2)
    (tmp_path / "a").write_bytes(arrays[:-1] + b"V" + b"by\n" + harm[:-1] + b"s.")
    with pytest.raises(InputError, match=f"needs {name}, .*nothing was run"):
        read_checkpoint(tmp_path / "a")


def test_ordinary_names_do_not_act():
    assert not any(Global(*name).acts for name in (("builtins", "getattr"), ("pathlib", "PosixPath"), ("osmnx", "x")))


def test_quantised_weights_are_called_so(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weight = torch.quantize_per_tensor(torch.ones(3, 4), 0.1, 0, torch.qint8)
        torch.save({"fc.weight": weight}, tmp_path / "a")
    with pytest.raises(InputError, match=r"quantised weights .* no gradients"):
        read_checkpoint(tmp_path / "a")


def test_an_exported_program_is_called_so_and_its_weights_can_be_had(net, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(net, (torch.zeros(1, 3, 8, 8),)), tmp_path / "a.pt2")
        with pytest.raises(InputError, match=r"torch\.export program.*torch\.export\.load\(FILE\)\.state_dict"):
            read_checkpoint(tmp_path / "a.pt2")
        torch.save(dict(torch.export.load(tmp_path / "a.pt2").state_dict), tmp_path / "weights.pt")
    assert read_checkpoint(tmp_path / "weights.pt").weights.keys() == net.state_dict().keys()


def test_a_tensor_with_attributes_is_a_tensor(net, tmp_path):
    weights = dict(net.state_dict())
    weights["3.weight"].origin = "a note"
    torch.save(weights, tmp_path / "a")
    assert torch.equal(read_checkpoint(tmp_path / "a").weights["3.weight"], net[3].weight)
