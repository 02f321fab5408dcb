"""Occlusion against captum and against patches laid by hand."""

import pytest
import torch
from captum.attr import Occlusion
from torch import nn

from foodviz.errors import InputError
from foodviz.methods.attribution.occlusion import attribute
from foodviz.methods.attribution.score import logit, probability

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(("side", "step"), [(6, 3), (5, 5), (7, 2), (24, 24), (1, 1)])
def test_occlusion_is_captums(cnn, images, targets, side, step):
    hidden = torch.full_like(images, 0.5)
    ours = attribute(cnn, images, targets, hidden=hidden, patch=side / 24, stride=step / 24)
    theirs = Occlusion(cnn).attribute(
        images, sliding_window_shapes=(3, side, side), strides=(3, step, step), baselines=0.5, target=targets
    )
    assert theirs.shape == images.shape  # each colour of a pixel has the pixel's value there
    # captum before 0.9 adds up in float32
    torch.testing.assert_close(ours.values, theirs[:, 0].double(), rtol=1e-5, atol=1e-6)
    assert ours.unit == "logit"


def test_one_patch_over_everything_is_what_the_cover_takes_away(cnn, images, targets):
    hidden = images.mean((2, 3), keepdim=True).expand_as(images)
    ours = attribute(cnn, images, targets, hidden=hidden, patch=1, stride=1, score=probability)
    fall = probability(cnn(images), targets) - probability(cnn(hidden), targets)
    torch.testing.assert_close(ours.values, fall[:, None, None].expand(4, 24, 24))


def test_the_score_falls_where_the_only_pixel_that_counts_is_covered():
    class OnePixel(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0, 4:5, 7]

    images = torch.zeros(1, 3, 10, 10)
    images[0, 0, 4, 7] = 1.0
    grey, target = torch.full_like(images, 0.5), torch.tensor([0])
    values = attribute(OnePixel(), images, target, hidden=grey, patch=0.3, stride=0.1, score=logit).values[0]
    assert float(values[4, 7]) == 0.5
    assert float(values.max()) == 0.5
    assert (values[:2] == 0).all()
    assert (values[:, :5] == 0).all()


def test_gaps_between_patches_are_refused(cnn, images, targets):
    with pytest.raises(InputError, match="gaps"):
        attribute(cnn, images, targets, hidden=images, patch=0.1, stride=0.2)


def test_the_command_draws_it_and_refuses_another_method_s_option(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "occlusion", "--patch", "0.5", "--stride", "0.25")
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", "occlusion", "--samples", "3")
    assert refused.exit_code == 2
    assert "--samples belongs to --method smoothgrad, rise, not to occlusion" in refused.stderr
