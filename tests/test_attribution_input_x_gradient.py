"""Input times gradient against captum, and what it must be where the model is linear."""

import pytest
import torch
from captum.attr import InputXGradient
from torch import nn

from foodviz.methods.attribution.input_x_gradient import attribute
from foodviz.methods.attribution.score import difference, loss, probability

pytestmark = pytest.mark.usefixtures("float64")


def test_input_x_gradient_is_captums(cnn, images, targets):
    ours = attribute(cnn, images, targets)
    assert ours.unit == "logit"
    theirs = InputXGradient(cnn).attribute(images.clone().requires_grad_(), targets)
    torch.testing.assert_close(ours.values, theirs.detach())


@pytest.mark.parametrize("score", [probability, loss, difference])
def test_every_score_is_captums(cnn, images, targets, score):
    classes = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    ours = attribute(cnn, images, classes, score=score)
    theirs = InputXGradient(lambda pixels, which: score(cnn(pixels), which)).attribute(
        images.clone().requires_grad_(), additional_forward_args=classes
    )
    torch.testing.assert_close(ours.values, theirs.detach())


def test_of_a_linear_model_it_sums_to_the_rise_from_black(images, targets):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 5)).requires_grad_(False)
    sums = attribute(model, images, targets).values.sum((1, 2, 3))
    rise = (model(images) - model(torch.zeros_like(images))).gather(1, targets[:, None])[:, 0]
    torch.testing.assert_close(sums, rise)


def test_the_command_draws_it_and_refuses_another_method_s_option(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "input-x-gradient")
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", "input-x-gradient", "--steps", "3")
    assert refused.exit_code == 2
    assert "--steps belongs to --method integrated-gradients, not to input-x-gradient" in refused.stderr
