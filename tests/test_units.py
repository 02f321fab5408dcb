"""Which layers a net is shown by, what feeds which, and which weights a layer depends on."""

import copy

import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models.classifier import Classifier
from foodviz.models.units import identity_up_to, units

SIZE = (24, 24)


class Forked(nn.Module):
    """Convolutions behind one another, one behind a sum, one whose ReLU the forward computes, one of a single cell."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.MaxPool2d(2), nn.Dropout(), nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.third = nn.Conv2d(4, 6, 3)
        self.fourth = nn.Conv2d(6, 5, 1)
        self.relu = nn.ReLU()
        self.cell = nn.Conv2d(5, 2, 1)

    def forward(self, images):
        first = self.first(images)
        second = self.relu(self.second(first))
        summed = self.relu(second + first[..., ::2, ::2])
        fourth = self.fourth(self.third(summed).relu())
        return self.cell(fourth.mean((2, 3), keepdim=True)).flatten(1)


@pytest.fixture
def forked():
    torch.manual_seed(3)
    return Classifier(Forked(), ["a", "b"], SIZE)


def test_every_convolution_with_maps_behind_its_norm_and_its_own_activation(forked, cnn):
    assert [(unit.name, unit.convolution) for unit in units(forked)] == [
        ("first.2", "first.0"),
        ("second.3", "second.2"),  # its ReLU runs twice
        ("third", "third"),
        ("fourth", "fourth"),
    ]
    straight = units(Classifier(cnn, [str(number) for number in range(5)], SIZE))
    assert [(unit.layer.requested, unit.name, unit.field) for unit in straight] == [("2", "2", 3), ("6", "6", 8)]


def test_what_feeds_a_layer_is_known_where_channels_come_one_by_one(forked):
    assert {unit.name: unit.fed_by for unit in units(forked)} == {
        "first.2": "",
        "second.3": "first.2",  # through a pool
        "third": "",  # of a sum
        "fourth": "third",  # through a ReLU that is no module
    }


def test_layers_can_be_asked_for(forked):
    asked = units(forked, ["third", "first.1", "third"])
    assert [(unit.name, unit.convolution, unit.fed_by) for unit in asked] == [
        ("first.1", "first.0", ""),
        ("third", "third", ""),
    ]
    with pytest.raises(InputError, match="no such layer"):
        units(forked, ["fifth"])
    with pytest.raises(InputError, match="no convolution"):
        units(Classifier(nn.Sequential(nn.Flatten(), nn.Linear(1728, 2)), ["a", "b"], SIZE))


def test_later_weights_do_not_change_an_identity_and_earlier_ones_do(forked):
    second = units(forked)[1].layer
    before = identity_up_to(forked, second)
    assert before == identity_up_to(copy.deepcopy(forked), second)
    later, earlier, pixels = (copy.deepcopy(forked) for _ in range(3))
    later.network.third.weight.data += 1
    later.network.cell = nn.Conv2d(5, 7, 1)
    assert identity_up_to(Classifier(later.network, [str(n) for n in range(7)], SIZE), second) == before
    earlier.network.first[1].running_mean += 1
    assert identity_up_to(earlier, second) != before
    assert identity_up_to(Classifier(pixels.network, ["a", "b"], SIZE, mean=(0.5,) * 3), second) != before
