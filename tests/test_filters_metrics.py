"""What is said about a filter, against slow references and filters built to be known."""

import colorsys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from foodviz.errors import InputError
from foodviz.methods.feature_maps import effective_field, feature_maps
from foodviz.metrics.filters import Scan, extremes, sentence, similar_first
from foodviz.metrics.properties import PROPERTIES, local_properties

pytestmark = pytest.mark.usefixtures("float64")


def gathered(images, maps, labels, chunk):
    scan = Scan()
    for first in range(0, len(images), chunk):
        part = slice(first, first + chunk)
        scan.add(images[part], maps[part], labels[part], range(first, first + len(images[part])))
    return scan


@pytest.fixture
def pictures():
    return torch.rand(10, 3, 24, 24, generator=torch.Generator().manual_seed(0))


def test_figures_match_a_slow_reference_over_full_maps(pictures):
    torch.manual_seed(1)
    maps = functional.avg_pool2d(nn.Conv2d(3, 4, 3, padding=1).requires_grad_(False)(pictures), 2) + 50
    maps[:, 3] = 7.0  # constant
    labels = [0, 0, 0, 0, 1, 1, 1, 3, 3, -1]
    scan = gathered(pictures, maps, labels, 4)
    properties = functional.adaptive_avg_pool2d(local_properties(pictures), (12, 12))
    columns = maps.movedim(1, 0).flatten(1).double().numpy()
    rows = properties.movedim(1, 0).flatten(1).double().numpy()
    for k in range(3):
        for p in range(len(PROPERTIES)):
            assert scan.correlations()[k, p] == pytest.approx(np.corrcoef(columns[k], rows[p])[0, 1], abs=1e-4)
        for other in range(3):
            a, b = columns[k] - columns[k].mean(), columns[other] - columns[other].mean()
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert scan.similarity()[k, other] == pytest.approx(cosine, abs=1e-4)
    assert not scan.correlations()[3].any()
    for ours, theirs in zip(scan.properties(), (rows.mean(1), rows.std(1)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert scan.dead().tolist() == [False, False, False, True]
    by_class = [float(part.mean()) if len(part) else np.nan for part in (maps[:4, 0], maps[4:7, 0], [], maps[7:9, 0])]
    assert scan.class_means(4)[0] == pytest.approx(by_class, nan_ok=True, rel=1e-5)
    best = maps[:, 2].flatten(1).amax(1).argsort(descending=True)
    assert scan.top(2, 3).tolist() == best[:3].tolist()
    assert maps[best[0], 2].flatten()[scan.peaks[best[0], 2]] == maps[best[0], 2].max()


def test_chunks_and_an_interruption_change_nothing(pictures):
    maps = pictures.mean(1, keepdim=True) * torch.tensor([1.0, -2.0]).view(2, 1, 1)
    whole, parts = gathered(pictures, maps, [0] * 10, 10), gathered(pictures, maps, [0] * 10, 3)
    np.testing.assert_allclose(whole.correlations(), parts.correlations(), atol=1e-5)
    np.testing.assert_allclose(whole.similarity(), [[1, -1], [-1, 1]], atol=1e-5)
    half = gathered(pictures[:5], maps[:5], [0] * 5, 5)
    half = Scan.restored(half.arrays())
    half.add(pictures[5:], maps[5:], [0] * 5, range(5, 10))
    np.testing.assert_allclose(whole.correlations(), half.correlations(), atol=1e-5)
    assert half.ids.tolist() == list(range(10))


def test_selectivity_is_one_for_a_filter_that_tells_the_classes(pictures):
    maps = torch.zeros(10, 3, 2, 2)
    maps[5:, 0] = 1.0
    maps[::2, 1] = 1.0
    scan = gathered(pictures, maps, [0] * 5 + [1] * 5, 10)
    assert scan.selectivity() == pytest.approx([1.0, 0.04, 0.0])
    assert gathered(pictures, maps, [-1] * 10, 10).selectivity() == pytest.approx([0, 0, 0])


@pytest.mark.parametrize("degrees", range(10, 360, 20))
def test_hues_fall_into_their_sector(degrees):
    colour = torch.tensor(colorsys.hsv_to_rgb(degrees / 360, 0.5, 0.8)).view(1, 3, 1, 1).expand(1, 3, 12, 12)
    values = dict(zip(PROPERTIES, local_properties(colour)[0, :, 6, 6].tolist(), strict=True))
    sector = list(PROPERTIES[2:10])[round(degrees / 45) % 8]
    assert values[sector] == values["saturation"] == pytest.approx(0.4, abs=1e-5)
    assert sum(values[name] for name in PROPERTIES[2:10]) == pytest.approx(0.4, abs=1e-5)
    assert values["edges"] == pytest.approx(0, abs=1e-5)
    assert values["curves"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("direction", "name"),
    [((0, 1), "horizontal lines"), ((1, 0), "vertical lines"), ((1, 1), "rising lines"), ((1, -1), "falling lines")],
)
def test_lines_have_a_direction_and_no_curvature(direction, name):
    down, across = torch.meshgrid(torch.arange(40.0), torch.arange(40.0), indexing="ij")
    ramp = torch.sigmoid((across - 20) * direction[0] + (down - 20) * direction[1]).expand(1, 3, 40, 40)
    values = dict(zip(PROPERTIES, local_properties(ramp)[0, :, 20, 20].tolist(), strict=True))
    assert values[name] == values["edges"] > 0.05
    assert values["curves"] < 0.05 * values["edges"]
    disc = torch.sigmoid(5 - ((across - 20) ** 2 + (down - 20) ** 2).sqrt()).expand(1, 3, 40, 40)
    round_edge = dict(zip(PROPERTIES, local_properties(disc)[0, :, 20, 25].tolist(), strict=True))
    assert round_edge["curves"] > 0.1 * round_edge["edges"]


def red_square_detector():
    """One filter that answers to red in 8x8 squares, one to the opposite, one to nothing."""
    convolution = nn.Conv2d(3, 3, 9, padding=4)
    red = torch.full((3, 9, 9), -1 / 81)
    red[0] = 1 / 81
    convolution.weight.data = torch.stack([red, -red, torch.zeros(3, 9, 9)])
    convolution.bias.data = torch.tensor([-0.3, 0.0, 0.0])
    return nn.Sequential(convolution, nn.ReLU(inplace=True)).requires_grad_(False)


def test_a_red_square_detector_is_found_out():
    generator = torch.Generator().manual_seed(0)
    images = torch.full((24, 3, 48, 48), 0.5) + 0.05 * torch.rand(24, 3, 48, 48, generator=generator)
    corners = torch.randint(4, 34, (24, 2), generator=generator).tolist()
    colours = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, 0.8, 0]])
    for index, (y, x) in enumerate(corners):
        images[index, :, y : y + 10, x : x + 10] = colours[index % 3].view(3, 1, 1)
    net = red_square_detector()
    scan = gathered(images, feature_maps(net, net[1], images), [index % 3 for index in range(24)], 7)
    assert sentence(scan.correlations()[0]).startswith("red r=0.6")
    top = scan.top(0, 8)
    assert set(top % 3) == {0}
    for row in top:
        y, x = divmod(int(scan.peaks[row, 0]), 48)
        assert abs(y - corners[row][0] - 4.5) <= 2
        assert abs(x - corners[row][1] - 4.5) <= 2
    assert scan.selectivity()[0] > 0.9
    assert scan.similarity()[0, 1] < 0
    assert scan.dead().tolist() == [False, False, True]
    assert effective_field(net, net[1], (48, 48)) == (9, 9)


def test_words_and_order():
    r = np.zeros(len(PROPERTIES))
    r[PROPERTIES.index("edges")], r[PROPERTIES.index("local contrast")], r[PROPERTIES.index("blue")] = 0.61, -0.7, -0.2
    assert sentence(r) == "smooth areas r=0.70, edges r=0.61, blue r=-0.20"
    similarity = np.array([[1, 0.1, 0.9], [0.1, 1, -0.5], [0.9, -0.5, 1.0]])
    assert extremes(similarity) == ((0, 2), (1, 2))
    assert similar_first(similarity).tolist() == [0, 2, 1]


def test_feature_maps_are_raw_whatever_follows(pictures):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(1936, 2))
    net.train()
    net[2].eval()
    maps = feature_maps(net, net[1], pictures, torch.tensor([3, 1]))
    assert [module.training for module in net.modules()] == [True, True, True, False, True, True]
    assert not any(module._forward_hooks for module in net.modules())
    assert net[1].num_batches_tracked == 0
    torch.testing.assert_close(maps, net[:2].eval()(pictures)[:, [3, 1]])
    assert maps.min() < 0
    torch.testing.assert_close(maps[2:3], feature_maps(net, net[1], pictures[2:3], torch.tensor([3, 1])))
    with pytest.raises(InputError, match="Linear outputs 2 values"):
        feature_maps(net, net[4], pictures)


def test_scans_of_parts_join_to_the_scan_of_all(pictures):
    torch.manual_seed(2)
    maps = nn.Conv2d(3, 4, 3, padding=1).requires_grad_(False)(pictures) + 5
    labels = [0, 0, 0, 1, 1, 1, 2, 2, -1, -1]
    whole, joined = gathered(pictures, maps, labels, 10), Scan()
    for first in (0, 4, 8):
        some = slice(first, first + 4)
        part = Scan()
        part.add(pictures[some], maps[some], labels[some], range(10)[some])
        joined.join(Scan.restored(part.arrays()))
    for name in ("ids", "labels", "means", "maxima", "peaks", "minima"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    assert joined.cells == whole.cells
    np.testing.assert_allclose(joined.correlations(), whole.correlations(), atol=1e-4)
    np.testing.assert_allclose(joined.similarity(), whole.similarity(), atol=1e-4)
    np.testing.assert_allclose(joined.selectivity(), whole.selectivity())
