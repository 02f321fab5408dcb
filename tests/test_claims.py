"""Words for what a filter answers to: said where taking the thing away takes the activation away, else not."""

import numpy as np
import pytest
import torch
from torch import nn

from foodviz.analysis.filters.claims import _quarter_turn, candidates, claims_for
from foodviz.analysis.filters.places import Places
from foodviz.analysis.filters.scan import ScannedLayer
from foodviz.methods.feature_maps import feature_maps
from foodviz.methods.interventions import place
from foodviz.metrics.falls import Fall, falls
from foodviz.metrics.filters import Scan
from foodviz.metrics.properties import PROPERTIES
from foodviz.render import sentences

SIDE = 32


class OneSeed:
    """What a subject gives here: the same seed for everything."""

    def image_seed(self, digest: str) -> int:
        return len(digest)


@pytest.fixture
def squares():
    """(12, 3, 32, 32): a red square each, on grey of its own noise and its own shade."""
    generator = torch.Generator().manual_seed(0)
    pictures = (
        0.3
        + 0.3 * torch.rand(12, 1, 1, 1, generator=generator)
        + 0.1 * torch.rand(12, 1, SIDE, SIDE, generator=generator)
    )
    pictures = pictures.expand(-1, 3, -1, -1).clone()
    for row, (y, x) in enumerate(torch.randint(6, 20, (12, 2), generator=generator).tolist()):
        pictures[row, :, y : y + 7, x : x + 7] = torch.tensor([0.9, 0.15, 0.15]).view(3, 1, 1)
    return pictures


def scanned(net: nn.Module, images: torch.Tensor) -> tuple[ScannedLayer, Places]:
    """The layer after a pass over these photographs, and their strongest cells of filter 0, best first."""
    scan = Scan()
    maps = feature_maps(net, net[0], images)
    scan.add(images, maps, [0] * len(images), range(len(images)))
    rows = scan.top(0, 9)
    peaks = scan.peaks[rows, 0]
    cells = np.column_stack([(peaks // SIDE + 0.5) / SIDE, (peaks % SIDE + 0.5) / SIDE])
    layer = type("Named", (), {"name": "0"})()
    return ScannedLayer(OneSeed(), None, layer, net, net[0], scan), Places(rows, images[rows], cells, range(9))


def detector(kernel: torch.Tensor) -> nn.Sequential:
    """One filter."""
    convolution = nn.Conv2d(3, 1, kernel.shape[-1], padding=kernel.shape[-1] // 2)
    convolution.weight.data, convolution.bias.data = kernel[None], torch.zeros(1)
    return nn.Sequential(convolution).requires_grad_(False)


@pytest.fixture
def red():
    return detector(torch.tensor([1.0, -0.5, -0.5]).view(3, 1, 1).expand(3, 5, 5) / 25)


def test_the_right_colour_is_said_and_a_forged_one_is_refused(red, squares):
    claims = claims_for(*((at := scanned(red, squares))[0], 0, at[1]), ("red", "blue", "green", "few edges"))
    effect = {claim.word: claim.fall for claim in claims}
    assert effect["red"].clear
    assert effect["red"].mean > 0.9  # all of its lead
    for forged in ("blue", "green"):
        assert effect[forged].mean == pytest.approx(0, abs=0.01)
        assert not effect[forged].clear
    assert not effect["few edges"].clear
    said = sentences.answers([claim.facts for claim in claims])
    assert said.startswith("answers to red (its red of another hue it falls by ")
    assert "blue" not in said
    forged = sentences.answers([claim.facts for claim in claims if claim.word != "red"])
    assert forged == "answers to nothing that was tested: blue, green, few edges"


def test_lines_and_brightness(squares):
    ramp = torch.linspace(-1, 1, 5).view(1, 5, 1).expand(3, 5, 5) / 25  # darker above: the upper edge of what is bright
    at, places = scanned(detector(ramp), squares.mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous())
    effect = {claim.word: claim.fall for claim in claims_for(at, 0, places, ("horizontal lines", "red", "greyness"))}
    assert effect["horizontal lines"].mean > 0.5
    assert not effect["red"].clear
    assert not effect["greyness"].clear
    at, places = scanned(detector(torch.full((3, 5, 5), 1 / 75)), squares)
    effect = {claim.word: claim.fall for claim in claims_for(at, 0, places, ("brightness", "horizontal lines"))}
    assert effect["brightness"].clear
    assert not effect["horizontal lines"].clear


def test_a_quarter_turn_takes_the_cell_along():
    picture = torch.zeros(1, 3, 20, 20)
    picture[0, :, 3, 14] = 1.0
    turned = place.turned(picture, 90)[0, 0]
    y, x = divmod(int(turned.argmax()), 20)
    assert _quarter_turn(np.array([[3.5, 14.5]]) / 20)[0] * 20 == pytest.approx([y + 0.5, x + 0.5])


def test_candidates_are_what_goes_with_the_map_and_what_sets_the_crops_apart():
    r, apart = np.zeros(len(PROPERTIES)), np.zeros(len(PROPERTIES))
    assert candidates(r, apart) == ()
    for name, value in (("local contrast", -0.5), ("edges", -0.4), ("red", -0.3)):
        r[PROPERTIES.index(name)] = value
    apart[PROPERTIES.index("blue")] = 3.0
    apart[PROPERTIES.index("brightness")] = -1.0
    # few red cannot be tested; few edges is tested as smooth areas are
    assert candidates(r, apart) == ("smooth areas", "blue", "darkness")


def test_effects_are_shares_of_what_can_fall():
    before = np.array([4.0, 2.0, 3.0])
    after = np.column_stack([before, [1.0, 1.0, 1.0], 2 * before - 1])
    none, all_, rising = falls(before, after, 1.0, 0)
    assert (none.mean, none.low, none.high) == (0, 0, 0)
    assert (all_.mean, all_.low, all_.clear) == (1, 1, True)
    assert rising.mean == -1
    assert not Fall(0.3, 0.05, 0.6, 9).clear
    assert falls(before, after, 4.0, 0)[1].mean == pytest.approx(0)  # nothing can fall
