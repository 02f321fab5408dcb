"""A file becomes a classifier, or one line says why not."""

import math
import random
import re

import pytest
import torch
from torch import nn

from foodviz.analysis import open_subject
from foodviz.errors import InputError
from foodviz.models import Preprocessing, load
from foodviz.models.files.weights import broken


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for entering, leaving in ((3, 4), (4, 6), (6, 6), (6, 6)):
            layers += [nn.Conv2d(entering, leaving, 3, padding=1), nn.BatchNorm2d(leaving), nn.ReLU(), nn.MaxPool2d(2)]
        self.cnn = nn.Sequential(*layers)
        self.fc = nn.Sequential(nn.Linear(6 * 64, 9), nn.ReLU(), nn.Linear(9, 5))

    def forward(self, images):
        return self.fc(self.cnn(images).flatten(1))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().eval().requires_grad_(False)


def refusal(path, **settings):
    """The one line that a file is refused with, named by its path."""
    with pytest.raises(InputError, match=f"^`model` {re.escape(str(path))}: ") as refused:
        load(str(path), **settings)
    line = str(refused.value)
    assert len(line.splitlines()) == 1
    return line


FAULTS = {
    "one that is no number": ("cnn.4.weight", math.nan, "1 of 32 weights hold values that are not finite"),
    "infinite": ("fc.0.bias", -math.inf, "1 of 32 weights hold values that are not finite"),
    "negative variance": ("cnn.1.running_var", -0.5, "1 of 32 weights hold variances below zero"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("whole", [False, True])
def test_weights_that_mean_nothing_are_refused(net, tmp_path, fault, whole):
    name, value, line = FAULTS[fault]
    net.get_parameter(name).data[0].fill_(value) if "running" not in name else net.get_buffer(name)[0].fill_(value)
    torch.save(net if whole else net.state_dict(), tmp_path / "a")
    said = refusal(tmp_path / "a")
    assert line in said
    assert said.endswith(f"first {name}")
    assert line in refusal(tmp_path / "a", arch=f"{__file__}:Net")


def test_a_diverged_training_is_called_one(net):
    weights = {
        name: value * math.nan if value.is_floating_point() else value for name, value in net.state_dict().items()
    }
    assert "32 of 32" not in broken(weights)  # counters stay whole
    assert "28 of 32 weights hold values that are not finite numbers: a training that diverged" in broken(weights)
    assert broken({"w": torch.full((1000,), 3e38)}) == ""  # each is finite, their sum is not
    assert broken({"bn.running_var": torch.zeros(3), "n": torch.tensor(5), "e": torch.zeros(0)}) == ""


def test_weights_too_large_to_compute_with_are_refused(net, tmp_path):
    torch.save({name: value * 1e30 for name, value in net.state_dict().items()}, tmp_path / "a")
    assert "not finite numbers" in refusal(tmp_path / "a")


def test_a_size_that_the_net_does_not_take_is_refused(net, tmp_path):
    torch.save(net.state_dict(), tmp_path / "a")
    size = Preprocessing(input_size=(40, 40))
    assert "does not run on pictures of 40x40 (mat1" in refusal(
        tmp_path / "a", arch="stack; MaxPool2d(2): cnn.3", preprocessing=size
    )
    weights = {"cnn.0.weight": torch.zeros(4, 3, 3, 3), "fc.weight": torch.zeros(11, 4 * 64 * 64)}
    torch.save(weights, tmp_path / "b")
    assert "does not run on pictures of 40x40 as a plain stack; `input_size` 128 fits" in refusal(
        tmp_path / "b", preprocessing=size
    )


@pytest.mark.parametrize("side", [0, 7, 2049, 10**9])
def test_a_size_that_would_fill_the_memory_is_refused(net, tmp_path, side):
    torch.save(net.state_dict(), tmp_path / "a")
    assert f"`input_size` {side}: it is 8 to 2048" in refusal(
        tmp_path / "a", preprocessing=Preprocessing(input_size=(side, side))
    )


def test_the_users_own_net_is_given_the_first_usual_size_that_it_takes(tmp_path):
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "class Own(nn.Sequential):\n    def __init__(self, classes):\n"
        "        super().__init__(nn.Conv2d(3, 2, 8, 8), nn.Flatten(), nn.Linear(2 * 144, classes))\n"
    )
    net = nn.Sequential(nn.Conv2d(3, 2, 8, 8), nn.Flatten(), nn.Linear(2 * 144, 4))
    torch.save(net.state_dict(), tmp_path / "a")
    classifier = load(str(tmp_path / "a"), arch=f"{tmp_path}/own.py:Own")
    assert classifier.input_size == (96, 96)
    assert "input size 96x96 assumed" in classifier.origin.guesses[0]


def test_class_names_are_as_many_as_the_classes(net, tmp_path):
    names = tuple("abcde")
    torch.save({"state_dict": net.state_dict(), "classes": ["x", "y"]}, tmp_path / "a")
    assert load(str(tmp_path / "a"), class_names=names).class_names == names
    assert load(str(tmp_path / "a"), class_names=names[1:]).class_names == tuple(f"class {index}" for index in range(5))
    torch.save({"state_dict": net.state_dict(), "classes": ["a\x1b[31m", "b" * 300, "c", "d", "e"]}, tmp_path / "a")
    assert load(str(tmp_path / "a")).class_names == ("a[31m", "b" * 99 + "…", "c", "d", "e")


def test_a_key_with_one_changed_letter_is_refused_or_changes_nothing(net, tmp_path):
    """A flipped bit in a name must not make another net of the weights."""
    weights = net.state_dict()
    images = torch.rand(1, 3, 128, 128)
    before = load_from(weights, tmp_path)(images)
    dice, refused = random.Random(0), 0
    for name in weights:
        index = dice.randrange(len(name))
        changed = name[:index] + chr(ord(name[index]) ^ (1 << dice.randrange(5))) + name[index + 1 :]
        if changed in weights:
            continue
        renamed = {changed if key == name else key: value for key, value in weights.items()}
        try:
            answer = load_from(renamed, tmp_path)(images)
        except InputError as line:
            refused += len(str(line).splitlines()) == 1
        else:
            assert torch.equal(answer, before), changed
    assert refused > 20


def load_from(weights, folder):
    torch.save(weights, folder / "a")
    return load(str(folder / "a"))


def test_control_characters_of_a_file_reach_no_line(tmp_path):
    for weights in (
        {"\x1b[31m.0.weight": torch.ones(4, 3, 3, 3)},
        {"x" * 10_000 + ".weight": torch.ones(4, 3, 3, 3)},
        {"state_dict": {"\n": torch.full((2,), math.nan)}},
        {"\x1b[1mred": {"w": torch.ones(2)}, "\x07": {"w": torch.ones(2)}},
        {"\x1b": 5},
    ):
        torch.save(weights, tmp_path / "a")
        for arch in (None, "hw3-sample", "stack"):
            line = refusal(tmp_path / "a", arch=arch)
            assert line.isprintable()
            assert len(line) < 700 + len(str(tmp_path))


def test_a_folder_for_a_model_is_told_what_to_give(tmp_path):
    with pytest.raises(InputError, match="a folder, not a file"):
        open_subject(model=str(tmp_path))
    (tmp_path / "config.json").touch()
    with pytest.raises(
        InputError, match=r"Hugging Face's .*`model` FILE with its state_dict\(\) and `arch` net\.py:net"
    ):
        open_subject(model=str(tmp_path))
