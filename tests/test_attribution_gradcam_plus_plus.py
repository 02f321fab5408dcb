"""Grad-CAM++ against the paper's formula with derivatives of the exponential, one cell at a time; what it refuses."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from foodviz.errors import InputError
from foodviz.methods.attribution.gradcam import class_activation, enlarge
from foodviz.methods.attribution.gradcam_plus_plus import attribute, by_positive_gradients
from foodviz.methods.attribution.score import difference, logit

pytestmark = pytest.mark.usefixtures("float64")


def slowly(trunk, head, images, targets, score=logit):
    """The paper's equations 8 and 10, derivatives of exp(score) by autograd; divided by exp(score) in the end."""
    small = []
    for image, target in zip(images, targets, strict=True):
        maps = trunk(image[None]).detach()[0].requires_grad_()
        answer = score(head(maps[None]), target[None])[0]
        whole = answer.exp()
        (first,) = torch.autograd.grad(whole, maps, create_graph=True)
        summed = torch.zeros_like(maps[0])
        for channel in range(len(maps)):
            weight = 0.0
            for row in range(maps.shape[1]):
                for column in range(maps.shape[2]):
                    cell = (channel, row, column)
                    second = torch.autograd.grad(first[cell], maps, create_graph=True)[0][cell]
                    if not second.requires_grad:
                        continue  # the cell is of no effect: no derivative at all
                    third = torch.autograd.grad(second, maps, retain_graph=True)[0][cell]
                    below = 2 * second + maps[channel].sum() * third
                    if below != 0:
                        weight += second / below * first[cell].relu()
            summed += weight * maps[channel]
        small.append((summed.relu() / whole).detach())
    return torch.stack(small)


@pytest.mark.parametrize("score", [logit, difference])
def test_it_is_the_papers_formula(cnn, images, targets, score):
    which = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    ours = attribute(cnn, images, which, layer=cnn[7], score=score)
    slow = slowly(cnn[:8], cnn[8:], images, which, score)
    assert (slow > 0).any()
    torch.testing.assert_close(ours.values, enlarge(slow, (24, 24)))
    assert ours.unit == "logit per cell"
    assert not ours.remarks


def test_it_is_the_papers_formula_through_relus(cnn, images, targets):
    """Behind the layer are norm, ReLU and pool: the exponential's second derivative still has no other part."""
    net = nn.Sequential(*cnn[:4], nn.AdaptiveAvgPool2d(4), *[each for each in cnn[4:] if not isinstance(each, nn.ReLU)])
    net.insert(7, nn.ReLU())  # not in place: the slow way differentiates three times
    ours = class_activation(net, net[4], images[:2], targets[:2], by_positive_gradients)
    torch.testing.assert_close(ours, slowly(net[:5], net[5:], images[:2], targets[:2]))


def test_in_a_residual_net_it_is_the_closed_form(images, targets):
    net = resnet18(num_classes=5).eval().requires_grad_(False)
    trunk = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2)
    maps = trunk(images).requires_grad_()
    logits = net.fc(torch.flatten(net.avgpool(net.layer4(net.layer3(maps))), 1))
    (gradients,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), maps)
    below = 2 * gradients**2 + maps.sum((2, 3), keepdim=True) * gradients**3
    weights = ((gradients**2 / below).nan_to_num() * gradients.relu()).sum((2, 3), keepdim=True)
    theirs = (weights * maps).sum(1).relu().detach()
    torch.testing.assert_close(attribute(net, images, targets, layer=net.layer2).values, enlarge(theirs, (24, 24)))


def test_maps_below_0_are_remarked(cnn, images, targets):
    assert "behind a ReLU" in attribute(cnn, images, targets, layer=cnn[4]).remarks[0]
    assert not attribute(cnn, images, targets, layer=cnn[6]).remarks


def test_a_weight_is_finite_where_the_papers_denominator_is_0():
    maps = torch.tensor([[[[-1.0, 0.0]]]])
    assert by_positive_gradients(maps, torch.tensor([[[[2.0, 1.0]]]])).tolist() == [[[0.0, 0.0]]]


def test_a_layer_without_maps_is_refused_and_no_hook_stays(cnn, images, targets):
    with pytest.raises(InputError, match="one with maps is needed; this Linear has none"):
        attribute(cnn, images, targets, layer=cnn[10])
    assert not cnn[10]._forward_hooks


def test_the_command_draws_it_and_names_layers_near_a_wrong_one(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "gradcam++", "--layer", "33")
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", "gradcam++", "--layer", "cnn.x")
    assert refused.exit_code == 1
    assert "--layer cnn.x: no such layer" in refused.stderr
