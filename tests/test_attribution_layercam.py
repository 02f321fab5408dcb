"""LayerCAM against captum's gradient times activation, and against its formula by hand; what it refuses."""

import copy

import pytest
import torch
from captum.attr import LayerActivation, LayerGradientXActivation
from torch import nn
from torchvision.models import resnet18

from foodviz.errors import InputError
from foodviz.methods.attribution.gradcam import class_activation, enlarge
from foodviz.methods.attribution.layercam import attribute, by_own_gradient
from foodviz.methods.attribution.score import probability

pytestmark = pytest.mark.usefixtures("float64")


def captums(model, name, images, targets):
    """The sum over the channels of captum's positive products; of maps >= 0 that is LayerCAM."""
    plain = copy.deepcopy(model)
    for module in plain.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False  # captum reads the layer's output after it was overwritten
    layer = plain.get_submodule(name)
    assert (LayerActivation(plain, layer).attribute(images) >= 0).all()
    products = LayerGradientXActivation(plain, layer).attribute(images, targets)
    return products.relu().sum(1).detach()


@pytest.mark.parametrize("name", ["2", "3", "6"])
def test_layercam_is_captums(cnn, images, targets, name):
    ours = attribute(cnn, images, targets, layer=cnn.get_submodule(name))
    torch.testing.assert_close(ours.values, enlarge(captums(cnn, name, images, targets), (24, 24)))
    assert ours.unit == "logit per cell"


@pytest.mark.parametrize("name", ["maxpool", "layer1", "layer3"])
def test_in_a_residual_net_it_is_captums(images, targets, name):
    net = resnet18(num_classes=5).eval().requires_grad_(False)
    ours = attribute(net, images, targets, layer=net.get_submodule(name))
    torch.testing.assert_close(ours.values, enlarge(captums(net, name, images, targets), (24, 24)))


def test_maps_below_0_take_from_the_sum(cnn, images, targets):
    maps = cnn[:5](images).requires_grad_()
    rest = nn.Sequential(*cnn[5:6], nn.ReLU(), *cnn[7:])
    (gradients,) = torch.autograd.grad(probability(rest(maps), targets).sum(), maps)
    assert (maps < 0).any()
    theirs = (gradients.clamp(min=0) * maps).sum(1).clamp(min=0).detach()
    torch.testing.assert_close(
        class_activation(cnn, cnn[4], images, targets, by_own_gradient, score=probability), theirs
    )


def test_a_layer_without_maps_is_refused_and_no_hook_stays(cnn, images, targets):
    with pytest.raises(InputError, match="one with maps is needed; this Linear has none"):
        attribute(cnn, images, targets, layer=cnn[10])
    assert not cnn[10]._forward_hooks


def test_the_command_draws_a_shallow_layer_and_refuses_another_method_s_option(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "layercam", "--layer", "12")
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", "layercam", "--samples", "3")
    assert refused.exit_code == 2
    assert "--samples belongs to --method smoothgrad, rise, not to layercam" in refused.stderr
