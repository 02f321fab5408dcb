"""RISE against the paper's formula on the masks that the model saw, and against its expectation of a linear model."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from foodviz.methods.attribution.rise import attribute
from foodviz.methods.attribution.score import logit, probability

pytestmark = pytest.mark.usefixtures("float64")


class Watched(nn.Module):
    """A model that keeps what it was asked and what it answered."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.seen: list[torch.Tensor] = []
        self.answers: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(images.clone())
        self.answers.append(self.model(images))
        return self.answers[-1]


class LinearModel(nn.Module):
    """(N, 3, H, W) -> (N, 1), a weighted sum."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images * self.weights).sum((1, 2, 3))[:, None]


def weights_of_cells(size: int, cells: int) -> list[torch.Tensor]:
    """For each shift of the grid (cells, pixels): how much of each cell's value each pixel has, by bilinear weights."""
    cell = math.ceil(size / cells)
    one = torch.eye((cells + 1) ** 2).view(-1, 1, cells + 1, cells + 1)
    large = functional.interpolate(one, ((cells + 1) * cell,) * 2, mode="bilinear", align_corners=False)[:, 0]
    shifts = [(top, left) for top in range(cell) for left in range(cell)]
    return [large[:, top : top + size, left : left + size].flatten(1) for top, left in shifts]


@pytest.mark.parametrize("score", [logit, probability])
def test_rise_is_the_paper_s_formula_less_the_mean_score(cnn, score):
    image, hidden = torch.ones(1, 3, 24, 24), torch.zeros(1, 3, 24, 24)  # copies are the masks themselves
    model = Watched(cnn)
    ours = attribute(model, image, torch.tensor([3]), seeds=[5], hidden=hidden, samples=50, cells=4, score=score)
    masks = torch.cat(model.seen)[:, 0]
    scores = score(torch.cat(model.answers), torch.tensor([3]).expand(len(masks)))
    paper = (scores[:, None, None] * masks).sum(0) / masks.sum(0)
    torch.testing.assert_close(ours.values[0], paper - scores.mean())
    assert ours.checks["samples"].tolist() == [len(masks)] == [56]  # 4 blocks of 7 pairs
    assert len(ours.remarks) == 1


def test_masks_are_rise_s_and_half_of_them_the_others_opposites(cnn):
    model = Watched(cnn)
    attribute(model, torch.ones(1, 3, 24, 24), torch.tensor([0]), seeds=[1], hidden=torch.zeros(1, 3, 24, 24), cells=4)
    masks = torch.cat(model.seen)[:, 0].flatten(1)
    for pass_ in model.seen:
        first, second = pass_.chunk(2)
        torch.testing.assert_close(first + second, torch.ones_like(first))
    assert abs(float(masks.mean()) - 0.5) < 1e-9
    shifts = weights_of_cells(24, 4)
    for mask in masks[:10]:
        # One shift explains the mask by cells that are shown or hidden; cells outside of the picture are free.
        fits = [torch.linalg.lstsq(each.T, mask[:, None], driver="gelsd").solution[:, 0] for each in shifts]
        missed = [float((each.T @ fit - mask).abs().max()) for each, fit in zip(shifts, fits, strict=True)]
        best = min(range(len(shifts)), key=missed.__getitem__)
        inside = shifts[best].amax(1) > 0.5
        assert missed[best] < 1e-9
        assert ((fits[best] * (1 - fits[best]))[inside].abs() < 1e-6).all()


def test_its_expectation_of_a_linear_model_is_the_masks_covariance():
    generator = torch.Generator().manual_seed(3)
    image, hidden, weights = torch.rand(3, 3, 12, 12, generator=generator)
    ours = attribute(
        LinearModel(weights), image[None], torch.tensor([0]), seeds=[4], hidden=hidden[None], samples=8000, cells=3
    )
    # A mask's covariance between two pixels is a quarter of their common cells, in the mean over the shifts.
    shifts = weights_of_cells(12, 3)
    covariance = sum(each.T @ each for each in shifts) / len(shifts) / 4
    exact = (covariance @ (weights * (image - hidden)).sum(0).flatten() / 0.5).view(12, 12)
    assert ours.checks["samples"].item() >= 8000
    misses = (ours.values[0] - exact) / ours.spread[0]
    assert float(misses.abs().max()) < 4
    assert 0.5 < float(misses.square().mean().sqrt()) < 1.5  # the standard error is of the right size
    assert float(torch.corrcoef(torch.stack([ours.values[0].flatten(), exact.flatten()]))[0, 1]) > 0.99


def test_it_takes_as_many_masks_as_the_map_needs(images, targets):
    class Half(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures[:, :, :12].mean((1, 2, 3))[:, None].expand(-1, 5)

    class Noise(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return (pictures.sum((1, 2, 3)) * 1e6).sin()[:, None].expand(-1, 5)

    few = {"seeds": [2], "hidden": torch.zeros(1, 3, 24, 24), "cells": 3}
    plain = attribute(Half(), images[:1], targets[:1], **few)
    assert plain.checks["settled"].item()
    assert plain.checks["samples"].item() < 1000
    assert (plain.values[0, :9] > 0).all()
    assert (plain.values[0, 15:] < plain.values[0, :9].min()).all()
    noise = attribute(Noise(), images[:1], targets[:1], **few)
    assert not noise.checks["settled"].item()
    assert 3900 <= noise.checks["samples"].item() <= 4000
    assert "1 of 1 maps have not settled" in noise.remarks[0]


def test_the_command_draws_it_and_says_a_wrong_number_in_one_line(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "rise", "--samples", "40", "--cells", "5")
    assert done.exit_code == 0, done.stderr
    with np.load("results/saliency.npz") as arrays:
        assert arrays["spread"].shape == arrays["maps"].shape == (1, 128, 128)
    refused = foodviz("saliency", "--ids", "57", "--method", "rise", "--cells", "0")
    assert refused.exit_code == 2
    assert "--cells" in refused.stderr
    other = foodviz("saliency", "--ids", "57", "--method", "smoothgrad", "--samples", "0")
    assert other.exit_code != 0
    assert other.stderr.splitlines()[-1] == "error: --samples 0: must be from 1 to 1,000,000"
