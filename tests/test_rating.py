"""How well a way to read a checkpoint fits pictures: accuracy, forgiving likelihood, norms that remember training."""

import pytest
import torch
from torch import nn

from foodviz.models import Classifier
from foodviz.models.guess.rating import Rating, ranked, rate


def conv(entering, leaving):
    return nn.Conv2d(entering, leaving, 3, padding=1)


def test_of_equally_accurate_readings_the_norms_decide():
    exact, close, far = Rating(100, 0.8, -0.7, 0.9), Rating(100, 0.78, -0.9, 0.1), Rating(100, 0.5, -0.1, 0.0)
    order = ranked([(far, "far"), (exact, "exact"), (close, "close")], prior=lambda _: 1)
    assert [name for _, name in order] == ["close", "exact", "far"]
    for misfit, first in ((0.19, "usual"), (0.21, "unusual")):
        usual = Rating(100, 0.79, -0.9, misfit)
        order = ranked([(close, "unusual"), (usual, "usual")], prior=lambda name: 1.0 if name == "usual" else 0.1)
        assert order[0][1] == first
    for surely, first in ((-0.28, "mean"), (-0.7, "largest")):  # the norms see the same: the labels decide
        usual, unusual = (Rating(60, 0.9, surely, 0.02), "mean"), (Rating(60, 0.9, -0.25, 0.02), "largest")
        order = ranked([unusual, usual, (far, "far")], prior=lambda name: 1.0 if name == "mean" else 0.05)
        assert order[0][1] == first


def test_guessing_is_always_naming_the_commonest_class():
    assert Rating(44, 0.3, -2, None, 1 / 11).beats_guessing
    assert not Rating(44, 0.15, -2, None, 1 / 11).beats_guessing
    assert not Rating(44, 0.5, -2, None, 0.46).beats_guessing
    uneven = torch.tensor([0, 0, 0, 1, 2])
    blind = Classifier(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), "abc", (8, 8))
    assert rate(blind, torch.zeros(5, 3, 8, 8), uneven).commonest == pytest.approx(0.6)
    low, high = Rating(100, 0.5, -1, None).interval
    assert (low, high) == (pytest.approx(0.404, abs=1e-3), pytest.approx(0.596, abs=1e-3))  # Wilson's, by hand
    assert Rating(10, 1.0, -1, None).interval == (pytest.approx(0.722, abs=1e-3), 1.0)


def test_likelihood_forgives_a_net_that_is_too_sure_and_not_one_that_is_not_sure_enough():
    images, labels = torch.rand(400, 3, 8, 8), torch.arange(400) % 3
    colours = nn.functional.one_hot(labels, 3).float()
    colours[::10] = colours[::10].roll(1, 1)  # one in ten looks like another class
    images += colours[..., None, None]
    usual, sure, unsure = (
        rate(Classifier(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), Times(factor)), "abc"), images, labels)
        for factor in (3.0, 12.0, 0.3)
    )
    assert usual.accuracy == sure.accuracy == unsure.accuracy == pytest.approx(0.9)
    assert sure.log_likelihood == pytest.approx(usual.log_likelihood, abs=0.02)
    assert unsure.log_likelihood < usual.log_likelihood - 0.3


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, values):
        return self.factor * values


def test_norms_fit_the_pictures_they_were_trained_on():
    torch.manual_seed(0)
    net = nn.Sequential(conv(3, 6), nn.BatchNorm2d(6, momentum=None), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.rand(64, 3, 16, 16) * torch.tensor([1.0, 0.6, 0.2]).view(3, 1, 1)
    net.train()(images)
    classes = [str(number) for number in range(6)]
    right, wrong = (Classifier(net.eval(), classes, (16, 16), bgr=bgr) for bgr in (False, True))
    labels = torch.zeros(64, dtype=torch.long)
    assert rate(right, images, labels).misfit < 1e-3
    assert rate(wrong, images, labels).misfit > 0.1
    assert not net[1]._forward_pre_hooks
