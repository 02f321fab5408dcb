"""SmoothGrad against captum's gradients of the same noisy copies."""

import pytest
import torch
from captum.attr import Saliency

from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.smoothgrad import attribute

pytestmark = pytest.mark.usefixtures("float64")


def test_smoothgrad_is_the_mean_of_captums_gradients_on_the_same_noise(cnn, images, targets):
    ours = attribute(cnn, images, targets, seeds=[5, 6, 7, 8], samples=20, noise=0.1)
    assert ours.unit == "logit per unit of pixel intensity"
    for place, seed in enumerate([5, 6, 7, 8]):
        noise = torch.randn(20, *images.shape[1:], generator=torch.Generator().manual_seed(seed))
        copies = (images[place] + 0.1 * noise).requires_grad_()
        theirs = Saliency(cnn).attribute(copies, int(targets[place]), abs=False).mean(0)
        torch.testing.assert_close(ours.values[place], theirs)


def test_without_noise_it_is_the_gradient(cnn, images, targets):
    ours = attribute(cnn, images, targets, seeds=range(4), samples=2, noise=0.0)
    torch.testing.assert_close(ours.values, input_gradient(cnn, images, targets))


def test_the_seed_decides(cnn, images, targets):
    first, same, other = (attribute(cnn, images, targets, seeds=[seed] * 4, samples=3).values for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.allclose(first, other)
