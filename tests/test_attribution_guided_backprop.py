"""Guided backprop against captum on twins whose ReLUs are modules; ReLUs written in other ways; what is refused."""

import copy

import pytest
import torch
from captum.attr import GuidedBackprop
from torch import nn
from torch.nn import functional
from torchvision.models import resnet18

from foodviz.errors import InputError
from foodviz.methods.attribution.catalogue import METHODS
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.guided_backprop import attribute
from foodviz.methods.attribution.score import difference, logit, loss, probability

pytestmark = [pytest.mark.usefixtures("float64"), pytest.mark.filterwarnings("ignore:Setting backward hooks")]


def captums(model, images, targets, score=logit):
    """captum's answer on a copy, its ReLUs not in place; the score is the model's last step there."""

    class Scored(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = copy.deepcopy(model)

        def forward(self, pixels, which):
            return score(self.model(pixels), which)

    twin = Scored()
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    pixels = images.clone().requires_grad_()
    return GuidedBackprop(twin).attribute(pixels, additional_forward_args=targets).detach()


class Written(nn.Module):
    """The fixture's layers with ReLUs as somebody may write them."""

    def __init__(self, cnn, first, second):
        super().__init__()
        self.layers, self.first, self.second = cnn, first, second

    def forward(self, images):
        images = self.first(self.layers[:2](images))
        return self.layers[7:](self.second(self.layers[3:6](images)))


def in_place_ignored(values):
    values.relu_()
    return values


REUSED = nn.ReLU(inplace=True)
WAYS = {
    "functional": (functional.relu, lambda values: functional.relu(values, inplace=True)),
    "torch": (torch.relu, torch.relu_),
    "tensor": (torch.Tensor.relu, in_place_ignored),
    "one module twice": (REUSED, REUSED),
    "clamped": (lambda values: values.clamp(min=0), lambda values: torch.clamp_min(values, 0)),
}


@pytest.mark.parametrize("score", [logit, probability, loss, difference])
def test_guided_backprop_is_captums(cnn, images, targets, score):
    which = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    ours = attribute(cnn, images, which, score=score)
    theirs = captums(cnn, images, which, score)
    torch.testing.assert_close(ours.values, theirs)
    assert not torch.allclose(ours.values, input_gradient(cnn, images, which, score=score))


@pytest.mark.parametrize("way", WAYS)
def test_relus_are_found_however_they_are_written(cnn, images, targets, way):
    ours = attribute(Written(cnn, *WAYS[way]), images, targets).values
    torch.testing.assert_close(ours, captums(cnn, images, targets))


def test_a_residual_net_is_captums(images, targets):
    net = resnet18(num_classes=5).eval().requires_grad_(False)
    torch.testing.assert_close(attribute(net, images, targets).values, captums(net, images, targets))


def test_a_relu6_is_a_relu_and_a_clamp_to_a_range_is_none(cnn, images, targets):
    small = nn.Sequential(*[nn.ReLU6() if isinstance(each, nn.ReLU) else each for each in cnn])
    assert small[:3](images).max() < 6  # there both are the same
    torch.testing.assert_close(attribute(small, images, targets).values, captums(cnn, images, targets))
    clamped = nn.Sequential(cnn)
    clamped.register_forward_pre_hook(lambda _module, inputs: inputs[0].clamp(0, 1))
    torch.testing.assert_close(attribute(clamped, images, targets).values, captums(cnn, images, targets))


def test_the_gradient_is_itself_again_afterwards_also_when_the_forward_raises(cnn, images, targets):
    before = input_gradient(cnn, images, targets)
    attribute(cnn, images, targets)
    torch.testing.assert_close(input_gradient(cnn, images, targets), before)

    def broken(_values):
        raise RuntimeError("broken")

    model = Written(cnn, functional.relu, broken).train()
    with pytest.raises(RuntimeError, match="broken"):
        attribute(model, images, targets)
    assert model.training
    torch.testing.assert_close(input_gradient(cnn, images, targets), before)


def test_a_net_without_relus_is_refused(cnn, images, targets):
    other = nn.Sequential(*[nn.GELU() if isinstance(each, nn.ReLU) else each for each in cnn])
    with pytest.raises(InputError, match="needs a network with ReLUs, this one has gelu"):
        attribute(other, images, targets)
    with pytest.raises(InputError, match="no activation that is known"):
        attribute(nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 5)), images, targets)


def test_the_command_draws_it_with_its_warning_and_refuses_another_method_s_option(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "guided-backprop")
    assert done.exit_code == 0, done.stderr
    assert "edges of the picture whatever was learned" in METHODS["guided-backprop"].note  # below the figure
    refused = foodviz("saliency", "--ids", "57", "--method", "guided-backprop", "--layer", "3")
    assert refused.exit_code == 2
    assert "--layer belongs to --method gradcam" in refused.stderr
