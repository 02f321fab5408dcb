"""Whole pickled models: stock modules made anew from settings of usual types and sizes, anything else refused."""

import copy
import math
import warnings

import pytest
import torch
from conftest import same_answers
from torch import nn

from foodviz.errors import InputError
from foodviz.models import load
from foodviz.models.files.strangers import Stranger
from foodviz.models.guess.pickled_modules import MOST, runnable


class Net(nn.Module):
    """Pickled under this module's name, which foodviz does not import."""

    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(0.3), nn.MaxPool2d(4), nn.AvgPool2d(4)
        )
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.fc = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 5))

    def forward(self, images):
        return self.fc(self.pool(self.cnn(images)))


@pytest.fixture
def net():
    torch.manual_seed(0)
    made = Net().eval().requires_grad_(False)
    made.cnn[1].running_var.uniform_(0.5, 2)
    return made


def test_a_model_runs_as_it_did(net, tmp_path):
    torch.save(net, tmp_path / "a")
    classifier = load(str(tmp_path / "a"))
    images = torch.rand(2, 3, 128, 128)
    same_answers(classifier, net, images)
    assert classifier.origin.architecture == "pickled"
    assert classifier.network.cnn[2].negative_slope == 0.3


# Settings that no file of a sound model has, by the name of the setting.
IMPOSSIBLE = {
    "stride": [0, (0, 0), -1, (10**9, 1), "x", None, (1, 2, 3), math.nan],
    "padding": [-5, "x", MOST + 1, 10**9, (0, 0, 0), None],
    "kernel_size": [0, -1, 10**9, "x", None, (1, 2), ()],
    "dilation": [0, (0, 0), MOST + 1],
    "groups": [0, -1, 3, "x", 10**9, None],
    "padding_mode": ["x", 5, None],
    "eps": ["x", None, math.nan, math.inf, -1e9, 10**400],
    "momentum": ["x"],
    "in_channels": [999, "x", 10**12],
    "out_channels": [-5, 0, 3],
    "num_features": [5, None],
    "start_dim": [99, "x"],
    "end_dim": [0, "x", 7],
    "output_size": [10**6, "x", (1, 2, 3)],
    "negative_slope": ["x", math.nan, None],
    "p": [7.0, "x", None],
    "affine": [False],
    "return_indices": [True],
    "inplace": ["x", None],
    "out_features": [3],
}


@pytest.mark.parametrize(("name", "value"), [(name, each) for name, values in IMPOSSIBLE.items() for each in values])
def test_an_impossible_setting_is_refused_in_one_line(net, tmp_path, name, value):
    holders = [module for module in net.modules() if name in vars(module)]
    assert holders
    for module in holders:
        vars(module)[name] = value
    torch.save(net, tmp_path / "a")
    line = ""
    try:
        classifier = load(str(tmp_path / "a"))
    except InputError as refused:
        line = str(refused)
        assert str(tmp_path / "a") in line
    else:  # read by the weights alone, and then it runs
        assert classifier.origin.architecture.startswith("stack")
        assert classifier(torch.rand(1, 3, *classifier.input_size)).isfinite().all()
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("training", "x"), ("_conv_forward", "x"), ("_reversed_padding_repeated_twice", "x"), ("forward", 5),
     ("transposed", True), ("output_padding", "x"), ("__deepcopy__", "x"), ("_forward_hooks", "x"), ("call", "x")],
)  # fmt: skip
def test_what_a_class_sets_itself_is_not_taken_from_the_file(net, tmp_path, name, value):
    images = torch.rand(2, 3, 128, 128)
    plain = copy.deepcopy(net)
    for module in net.cnn:
        vars(module)[name] = value
    torch.save(net, tmp_path / "a")
    same_answers(load(str(tmp_path / "a")), plain, images)


def stranger(**children):
    made = Stranger()
    made.origin = "__main__.Net"
    for name, child in children.items():
        made._modules[name] = child
    return made


def test_only_what_is_certain_runs():
    convolution, head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
    assert runnable(stranger(cnn=convolution, fc=head)) is not None
    assert runnable(stranger(cnn=nn.Sequential(convolution, nn.Softmax(1), nn.PReLU()), fc=head)) is not None
    for children in (
        {"fc": head, "cnn": convolution},
        {"cnn": convolution, "fc": head, "fc2": head},
        {"cnn": convolution, "rnn": nn.LSTM(4, 4), "fc": head},
        {"cnn": convolution, "up": nn.Upsample(scale_factor=1000), "fc": head},
        {"cnn": convolution, "attention": nn.MultiheadAttention(4, 2), "fc": head},
        {"cnn": nn.Sequential(convolution, stranger()), "fc": head},
        {"forward": convolution, "fc": head},
        {"cnn": convolution},
        {},
    ):
        assert runnable(stranger(**children)) is None


def test_a_weight_of_an_unknown_name_is_refused(tmp_path):
    for name in ("biat", "forward"):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
        net[0]._parameters = {"weight": net[0].weight, name: net[0].bias}
        torch.save(net, tmp_path / "a")
        with pytest.raises(InputError) as refused:
            load(str(tmp_path / "a"))
        assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("depth", [1, 60])
def test_modules_inside_each_other_many_times_are_refused_at_once(tmp_path, depth):
    inner = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Linear(3, 2))
    if depth == 1:
        inner._modules["2"] = inner
    for _ in range(depth if depth > 1 else 0):
        inner = nn.Sequential(inner, inner)  # 2^60 of the first
    torch.save({"state_dict": inner}, tmp_path / "a")
    with pytest.raises(InputError, match="modules"):
        load(str(tmp_path / "a"))


def test_one_module_in_two_places_is_there_twice(tmp_path):
    relu, again = nn.ReLU(), nn.Conv2d(4, 4, 3)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), relu, again, relu, again, *head).eval()
    torch.save(net, tmp_path / "a")
    images = torch.rand(1, 3, 128, 128)
    same_answers(load(str(tmp_path / "a")), net, images)


def test_a_stranger_in_a_training_wrapper_is_unwrapped(net, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({"net": nn.DataParallel(nn.DataParallel(net))}, tmp_path / "a")
    assert load(str(tmp_path / "a")).origin.architecture == "pickled"
