"""Grad-CAM against captum; what it refuses, and what it leaves behind when the forward raises."""

import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

from foodviz.errors import InputError
from foodviz.methods.attribution.gradcam import attribute, class_activation, enlarge

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("place", [2, 4, 6])
def test_gradcam_is_captums(cnn, images, targets, place):
    ours = class_activation(cnn, cnn[place], images, targets)
    plain = nn.Sequential(*[nn.ReLU() if isinstance(each, nn.ReLU) else each for each in cnn])  # captum and in-place
    theirs = LayerGradCam(plain, plain[place]).attribute(images, targets, relu_attributions=True)
    torch.testing.assert_close(ours, theirs[:, 0].detach())
    large = LayerAttribution.interpolate(theirs, (24, 24), "bilinear")[:, 0].detach()
    torch.testing.assert_close(enlarge(ours, (24, 24)), large)
    whole = attribute(cnn, images, targets, layer=cnn[place])
    torch.testing.assert_close(whole.values, large)
    assert whole.unit == "logit per cell"


def test_hooks_go_away_when_the_forward_raises(cnn, images, targets):
    class Broken(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("broken")

    model = nn.Sequential(*cnn[:7], Broken())
    model.train()
    with pytest.raises(RuntimeError, match="broken"):
        attribute(model, images, targets, layer=model[6])
    assert not model[6]._forward_hooks
    assert model.training


def test_gradcam_refuses_a_layer_without_maps(cnn, images, targets):
    with pytest.raises(InputError, match="Linear"):
        attribute(cnn, images, targets, layer=cnn[10])
