"""The gradient against captum and against finite differences."""

import pytest
import torch
from captum.attr import Saliency

from foodviz.methods.attribution.gradient import attribute, input_gradient
from foodviz.methods.attribution.score import logit, loss, probability

pytestmark = pytest.mark.usefixtures("float64")


def test_gradient_is_captums(cnn, images, targets):
    ours = attribute(cnn, images, targets)
    assert ours.unit == "logit per unit of pixel intensity"
    signed = Saliency(cnn).attribute(images.clone().requires_grad_(), targets, abs=False)
    torch.testing.assert_close(ours.values, signed)
    magnitudes = Saliency(cnn).attribute(images.clone().requires_grad_(), targets)
    torch.testing.assert_close(ours.reduced("max").values, magnitudes.amax(1))


@pytest.mark.parametrize("score", [logit, probability, loss])
def test_gradient_is_the_finite_difference(cnn, images, targets, score):
    gradient = input_gradient(cnn, images, targets, score=score)
    direction = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    step = 1e-6
    rise = score(cnn(images + step * direction), targets) - score(cnn(images - step * direction), targets)
    rise /= 2 * step
    torch.testing.assert_close((gradient * direction).sum((1, 2, 3)), rise, rtol=1e-4, atol=1e-7)


def test_images_that_do_not_fit_one_pass_are_taken_in_several(cnn, images, targets, monkeypatch):
    whole = input_gradient(cnn, images, targets)
    monkeypatch.setattr("foodviz.methods.attribution.score._PIXELS", 24 * 24 * 3)
    torch.testing.assert_close(input_gradient(cnn, images, targets), whole)
