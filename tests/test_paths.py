"""Whether a drawn picture excites a filter as photographs do: closed forms, and nets that deceive and do not."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from foodviz.methods.activation_maximization import fourier_pictures
from foodviz.methods.ascent import channel_peak
from foodviz.methods.earlier_layers import VALUES, earlier_values
from foodviz.methods.feature_maps import feature_maps
from foodviz.methods.spectrum import imagenet_statistics
from foodviz.metrics.paths import PathCheck, path_checks, ranked

pytestmark = pytest.mark.usefixtures("float64")

SIDE = 32


def test_likeness_is_spearmans():
    rows = [np.random.default_rng(seed).normal(size=(7, 40)).round(1) for seed in range(2)]  # with ties
    rows[1][3] = 1.0
    check = path_checks(*([ranked(each[part]) for each in rows] for part in (np.s_[:3], np.s_[3:4], np.s_[4:])))[0]
    rho = [spearmanr(each, axis=1).statistic for each in (rows[0], np.delete(rows[1], 3, 0))]
    assert check.drawn == pytest.approx([rho[0][3, :3].mean(), 0.0])  # what is the same everywhere is like nothing
    assert check.among[1] == pytest.approx([(rho[1][row, :3].sum() - 1) / 2 for row in range(3)])
    assert check.others[0] == pytest.approx(rho[0][4:, :3].mean(1))
    assert check.by_layer.shape == (2, 3)


@pytest.mark.parametrize(
    ("drawn", "among", "others", "verdict", "scaled"),
    [
        (0.5, [0.4, 0.6], [0.1, -0.1], "same", 1.0),
        (0.0, [0.4, 0.6], [0.1, -0.1], "another", 0.0),
        (0.2, [0.1, 0.9], [0.0, 0.0], "same", 0.4),  # one of the photographs is less like the others
        (0.3, [0.4, 0.6], [0.1, -0.1], "same", 0.6),
        (0.0, [0.1, 0.1], [0.1, 0.3], "unclear", 2.0),
    ],
)
def test_verdicts(drawn, among, others, verdict, scaled):
    check = PathCheck(np.array([drawn]), np.array([among]), np.array([others]))
    assert check.verdict == verdict
    assert check.scaled == pytest.approx(scaled)


def test_values_are_those_around_the_cell(cnn, images):
    cells = [(0.5, 0.5), (0.0, 0.9), (0.3, 0.2), (1.0, 1.0)]
    values = earlier_values(cnn.double(), cnn[5], images.double(), cells, (8.0, 6.0))
    assert [layer.shape for layer in values] == [(4, 8 * 8 * 6)]  # the second convolution's maps are the norm's
    maps = cnn[0](images.double())
    corners = [(8, 9), (0, 18), (3, 1), (16, 18)]
    for row, (top, left) in enumerate(corners):
        torch.testing.assert_close(values[0][row], maps[row, :, top : top + 8, left : left + 6].flatten())
    assert earlier_values(cnn, cnn[0], images.double(), cells, (3.0, 3.0)) == ()
    assert not any(module._forward_hooks for module in cnn.modules())
    large = earlier_values(cnn, cnn[8], images.double(), cells, (24.0, 24.0))
    assert [layer.shape[1] for layer in large] == [VALUES]
    torch.testing.assert_close(
        large[0][2:3], earlier_values(cnn, cnn[8], images[2:3].double(), cells[2:3], (24.0, 24.0))[0]
    )


def red_or_blue(decoy: float) -> nn.Sequential:
    """Filter 0 of layer 2 answers to red; `decoy` times as much to blue, of which no photograph has any.

    The silent units of Geirhos et al. 2023: on photographs both nets answer the same, whatever the decoy.
    """
    first = nn.Conv2d(3, 8, 5, padding=2)
    torch.manual_seed(0)
    nn.init.normal_(first.weight, std=0.1)
    colours = torch.tensor([[1.0, -0.5, -0.5], [-0.5, -0.5, 1.0]])
    first.weight.data[:2] = (colours / 25).view(2, 3, 1, 1)
    first.bias.data[:2] = torch.tensor([0.0, -0.2])
    second = nn.Conv2d(8, 1, 1)
    second.weight.data = torch.tensor([1.0, decoy, 0, 0, 0, 0, 0, 0]).view(1, 8, 1, 1)
    second.bias.data.zero_()
    return nn.Sequential(first, nn.ReLU(), second).requires_grad_(False)


@pytest.fixture
def photographs() -> torch.Tensor:
    """(24, 3, 32, 32): uneven grounds and discs of all colours but blue; the first twelve discs are red."""
    generator = torch.Generator().manual_seed(0)
    down, across = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    pictures = []
    for row in range(24):
        waves = torch.sin(between(0.2, 0.9) * down + between(-0.9, 0.9) * across + between(0, 6))
        red, green = between(0.3, 0.6), between(0.3, 0.6)
        ground = torch.tensor([red, green, 0.9 * min(red, green)]).view(3, 1, 1) * (1 + 0.4 * waves)
        colour = [between(0.8, 1), between(0, 0.3), between(0, 0.3)]
        if row >= 12:
            colour = [between(0, 0.3), between(0.4, 0.9), between(0, 0.2)]
        inside = (down - between(8, 24)) ** 2 + (across - between(8, 24)) ** 2 < between(9, 30)
        pictures.append(torch.where(inside, torch.tensor(colour).view(3, 1, 1), ground))
    return torch.stack(pictures).clamp(0, 1)


def strongest_cells(net: nn.Sequential, pictures: torch.Tensor) -> list[tuple[float, float]]:
    places = feature_maps(net, net[2], pictures)[:, 0].flatten(1).argmax(1).tolist()
    return [((y + 0.5) / SIDE, (x + 0.5) / SIDE) for y, x in (divmod(place, SIDE) for place in places)]


def checks(net: nn.Sequential, photographs: torch.Tensor, drawn: torch.Tensor) -> list[PathCheck]:
    """Of drawn pictures, against the nine strongest photographs and places by chance in the others."""
    strength = feature_maps(net, net[2], photographs)[:, 0].flatten(1).amax(1)
    strong = photographs[strength.argsort(descending=True)[:9]]
    others = photographs[12:]
    chance = torch.rand(len(others), 2, generator=torch.Generator().manual_seed(1)).tolist()
    places = [(strong, strongest_cells(net, strong)), (drawn, strongest_cells(net, drawn)), (others, chance)]
    return path_checks(
        *([ranked(layer.numpy()) for layer in earlier_values(net, net[2], *place, (9.0, 9.0))] for place in places)
    )


def drawn_for(net: nn.Sequential) -> torch.Tensor:
    statistics = imagenet_statistics((SIDE, SIDE))
    return fourier_pictures(
        net, net[2], torch.tensor([0]), statistics, objective=channel_peak, seeds=[3], steps=60
    ).pictures


def test_a_net_made_to_deceive_is_found_out(photographs):
    honest, deceiving = red_or_blue(0.0), red_or_blue(20.0)
    torch.testing.assert_close(*(feature_maps(net, net[2], photographs) for net in (honest, deceiving)))
    pictures = [drawn_for(net) for net in (honest, deceiving)]
    for net, picture, colour in zip((honest, deceiving), pictures, (0, 2), strict=True):  # one is red, the other blue
        y, x = (int(SIDE * share) for share in strongest_cells(net, picture)[0])
        assert picture[0, :, y - 2 : y + 3, x - 2 : x + 3].mean((1, 2)).argmax() == colour
    (of_honest,), (of_deceiving,) = (
        checks(net, photographs, picture) for net, picture in zip((honest, deceiving), pictures, strict=True)
    )
    assert of_honest.verdict == "same"
    assert of_deceiving.verdict == "another"
    assert of_deceiving.scaled < 0 < of_honest.scaled


def test_a_photograph_passed_off_as_drawn_goes_the_way_of_photographs(photographs):
    for net in (red_or_blue(0.0), red_or_blue(20.0)):
        for check in checks(net, photographs, photographs[:12]):
            assert check.verdict == "same"
