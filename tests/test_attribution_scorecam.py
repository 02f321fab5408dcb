"""Score-CAM against algorithm 1 of the paper, a channel at a time; what it refuses and leaves behind."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import resnet18

from foodviz.errors import InputError
from foodviz.methods.attribution.score import difference, logit, loss, probability
from foodviz.methods.attribution.scorecam import attribute

pytestmark = pytest.mark.usefixtures("float64")


def slowly(model, trunk, images, targets, score=logit):
    """Algorithm 1: every score less that of the black picture, weights that sum to 1."""
    answers = []
    with torch.no_grad():
        for image, target in zip(images, targets, strict=True):
            black = score(model(torch.zeros_like(image)[None]), target[None])
            maps = trunk(image[None])[0]
            kept, rises = [], []
            for channel in maps:
                if channel.min() == channel.max():
                    continue
                mask = functional.interpolate(channel[None, None], image.shape[1:], mode="bilinear")[0]
                mask = (mask - mask.min()) / (mask.max() - mask.min())
                kept.append(channel)
                rises.append((score(model((image * mask)[None]), target[None]) - black).exp())
            total = sum(rises)
            small = sum(rise / total * channel for rise, channel in zip(rises, kept, strict=True)).relu()
            answers.append(functional.interpolate(small[None, None], image.shape[1:], mode="bilinear")[0, 0])
    return torch.stack(answers)


@pytest.mark.parametrize("score", [logit, probability, loss, difference])
@pytest.mark.parametrize("place", [2, 4, 6])
def test_it_is_the_papers_algorithm(cnn, images, targets, place, score):
    which = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    ours = attribute(cnn, images, which, layer=cnn[place], score=score)
    torch.testing.assert_close(ours.values, slowly(cnn, cnn[: place + 1], images, which, score))
    assert ours.unit == "activation of the layer"


def test_in_a_residual_net_it_is_the_papers_algorithm(images, targets):
    net = resnet18(num_classes=5).eval().requires_grad_(False)
    trunk = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1)
    ours = attribute(net, images[:2], targets[:2], layer=net.layer1)
    torch.testing.assert_close(ours.values, slowly(net, trunk, images[:2], targets[:2]))


def test_channels_that_do_not_fit_one_pass_are_taken_in_several(cnn, images, targets, monkeypatch):
    whole = attribute(cnn, images, targets, layer=cnn[6]).values
    monkeypatch.setattr("foodviz.methods.attribution.score._PIXELS", 24 * 24 * 5)
    torch.testing.assert_close(attribute(cnn, images, targets, layer=cnn[6]).values, whole)


def test_dead_channels_have_no_weight_and_a_dead_layer_gives_an_empty_map(cnn, images, targets):
    cnn[4].weight[3], cnn[5].bias[3], cnn[5].running_mean[3], cnn[4].bias[3] = 0, 1, 0, 0  # the same everywhere
    ours = attribute(cnn, images, targets, layer=cnn[6]).values
    torch.testing.assert_close(ours, slowly(cnn, cnn[:7], images, targets))
    cnn[5].weight.zero_()
    cnn[5].bias.fill_(-1)
    assert (attribute(cnn, images, targets, layer=cnn[6]).values == 0).all()


def test_a_layer_without_maps_is_refused_and_no_hook_stays_also_when_the_forward_raises(cnn, images, targets):
    with pytest.raises(InputError, match="one with maps is needed; this Linear has none"):
        attribute(cnn, images, targets, layer=cnn[10])
    assert not cnn[10]._forward_hooks

    class Broken(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("broken")

    model = nn.Sequential(*cnn[:7], Broken()).train()
    with pytest.raises(RuntimeError, match="broken"):
        attribute(model, images, targets, layer=model[6])
    assert not model[6]._forward_hooks
    assert model.training


def test_the_command_draws_it_and_refuses_a_layer_without_maps(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "scorecam", "--layer", "3")
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", "scorecam", "--layer", "fc.1")
    assert refused.exit_code == 1
    assert "--layer: one with maps is needed; this" in refused.stderr
