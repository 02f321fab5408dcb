"""Attributions against captum, and the properties that every map must have."""

import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Saliency
from torch import nn

from foodviz.errors import InputError
from foodviz.methods import saliency
from foodviz.methods.gradcam import enlarge, gradcam

pytestmark = pytest.mark.usefixtures("float64")


def close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs)


def test_gradient_is_captums(cnn, images, targets):
    ours = saliency.input_gradient(cnn, images, targets)
    close(ours, Saliency(cnn).attribute(images.clone().requires_grad_(), targets, abs=False))
    close(saliency.reduce_colours(ours), Saliency(cnn).attribute(images.clone().requires_grad_(), targets).amax(1))


@pytest.mark.parametrize("score", [saliency.logit, saliency.probability, saliency.loss])
def test_gradient_is_the_finite_difference(cnn, images, targets, score):
    gradient = saliency.input_gradient(cnn, images, targets, score=score)
    direction = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    step = 1e-6
    rise = score(cnn(images + step * direction), targets) - score(cnn(images - step * direction), targets)
    rise /= 2 * step
    torch.testing.assert_close((gradient * direction).sum((1, 2, 3)), rise, rtol=1e-4, atol=1e-7)


def test_smoothgrad_is_the_mean_of_captums_gradients_on_the_same_noise(cnn, images, targets):
    ours = saliency.smoothgrad(cnn, images, targets, seeds=[5, 6, 7, 8], samples=20, noise=0.1)
    for place, seed in enumerate([5, 6, 7, 8]):
        noise = torch.randn(20, *images.shape[1:], generator=torch.Generator().manual_seed(seed))
        copies = (images[place] + 0.1 * noise).requires_grad_()
        theirs = Saliency(cnn).attribute(copies, int(targets[place]), abs=False).mean(0)
        close(ours[place], theirs)


def test_integrated_gradients_are_captums(cnn, images, targets):
    ours, gap = saliency.integrated_gradients(cnn, images, targets, steps=32)
    theirs = IntegratedGradients(cnn).attribute(images, target=targets, n_steps=32, method="gausslegendre")
    close(ours, theirs)
    assert (gap < 0.2).all()


def test_integrated_gradients_sum_to_the_rise_of_the_score(cnn, images, targets):
    ours, gap = saliency.integrated_gradients(cnn, images, targets, steps=300)
    rise = saliency.logit(cnn(images), targets) - saliency.logit(cnn(torch.zeros_like(images)), targets)
    torch.testing.assert_close(ours.sum((1, 2, 3)), rise, rtol=0.01, atol=1e-4)
    assert (gap < 0.01).all()


@pytest.mark.parametrize("place", [2, 4, 6])
def test_gradcam_is_captums(cnn, images, targets, place):
    ours = gradcam(cnn, cnn[place], images, targets)
    plain = nn.Sequential(*[nn.ReLU() if isinstance(each, nn.ReLU) else each for each in cnn])  # captum and in-place
    theirs = LayerGradCam(plain, plain[place]).attribute(images, targets, relu_attributions=True)
    close(ours, theirs[:, 0].detach())
    close(enlarge(ours, (24, 24)), LayerAttribution.interpolate(theirs, (24, 24), "bilinear")[:, 0].detach())


def every_method(model, images, targets):
    """name -> the method's answer; the noise of an image belongs to the image."""
    seeds = [int(image.sum() * 1000) for image in images]
    return {
        "gradient": saliency.input_gradient(model, images, targets),
        "smoothgrad": saliency.smoothgrad(model, images, targets, seeds=seeds, samples=5),
        "integrated": saliency.integrated_gradients(model, images, targets, steps=5)[0],
        "gradcam": gradcam(model, model[6], images, targets),
    }


def test_a_batch_is_its_images_one_by_one(cnn, images, targets):
    alone = [every_method(cnn, images[i : i + 1], targets[i : i + 1]) for i in range(4)]
    for name, together in every_method(cnn, images, targets).items():
        torch.testing.assert_close(together, torch.cat([each[name] for each in alone]), msg=name)


def test_nothing_is_left_behind(cnn, images, targets):
    cnn.train()
    cnn[0].eval()
    before = {key: value.clone() for key, value in cnn.state_dict().items()}
    kept = images.clone()
    every_method(cnn, images, targets)
    assert cnn.training
    assert not cnn[0].training
    assert cnn[1].training
    assert all(torch.equal(value, before[key]) for key, value in cnn.state_dict().items())
    assert all(not module._forward_hooks for module in cnn.modules())
    assert torch.equal(images, kept)
    assert not images.requires_grad
    assert all(parameter.grad is None for parameter in cnn.parameters())


def test_hooks_go_away_when_the_forward_raises(cnn, images, targets):
    class Broken(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("broken")

    model = nn.Sequential(*cnn[:7], Broken())
    model.train()
    with pytest.raises(RuntimeError, match="broken"):
        gradcam(model, model[6], images, targets)
    assert not model[6]._forward_hooks
    assert model.training


def test_gradcam_refuses_a_layer_without_maps(cnn, images, targets):
    with pytest.raises(InputError, match="Linear"):
        gradcam(cnn, cnn[10], images, targets)


def test_colours_are_reduced_as_said():
    values = torch.tensor([1.0, -3.0, 2.0]).view(1, 3, 1, 1)
    assert saliency.reduce_colours(values, "max").item() == 3
    assert saliency.reduce_colours(values, "sum").item() == 0
    assert saliency.reduce_colours(values, "none").flatten().tolist() == [1, 3, 2]
