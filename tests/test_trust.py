"""The measures of trust against closed forms, and the words that they come to."""

import copy
import json

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from foodviz.analysis.trust import EFFORT
from foodviz.methods.hidden import cover, grid, painted_over, sample_logits
from foodviz.methods.randomised import randomised
from foodviz.methods.ways_to_hide import WAYS
from foodviz.metrics.agreement import agreement, rank_correlation, top_overlap
from foodviz.metrics.faithfulness import baselines, curves, per_cell
from foodviz.metrics.properties import edge_strength
from foodviz.metrics.verdict import BELIEVABLE, DOUBTFUL, UNMEASURED, WRONG, Figures, verdict
from foodviz.render.style import limits_of

pytestmark = pytest.mark.usefixtures("float64")


def test_the_grid_has_as_many_cells_as_said_and_all_pixels():
    segments = grid((24, 32))
    assert segments.shape == (24, 32)
    assert segments.unique().tolist() == list(range(64))
    assert grid((4, 100)).unique().tolist() == list(range(32))


def test_cells_have_the_mean_of_their_pixels():
    values = torch.arange(64.0).view(1, 8, 8)
    assert per_cell(values, grid((8, 8)))[0].tolist() == list(range(64))
    assert per_cell(values[:, None].expand(1, 3, 8, 8), grid((8, 8)))[0, 5] == 15


def test_curves_of_a_sum_are_those_worked_out_by_hand():
    """The probability is the share of four cells that are shown, whatever else is: the best order takes them first."""
    count = torch.tensor([1.0] * 4 + [0.0] * 60)
    best, worst = count, -count
    found = curves(torch.stack([best, worst]), lambda shown: shown.double() @ count / 4, steps=16, seed=0)
    assert found.shares.tolist() == [step / 16 for step in range(17)]
    assert found.deletion[0].tolist() == [1] + [0] * 16
    assert found.insertion[0].tolist() == [0] + [1] * 16
    assert found.deletion[1].tolist() == [1] * 16 + [0]
    assert found.leads.tolist() == pytest.approx([15 / 16, -15 / 16])


def test_an_order_by_chance_leads_by_nothing_on_average():
    image = torch.rand(3, 16, 16)
    scores = baselines(image, grid((16, 16)), seed=3, chance=400)
    weights = torch.rand(64)
    found = curves(scores, lambda shown: shown.double() @ weights / weights.sum(), steps=8, seed=0)
    assert abs(float(found.leads[2:].mean())) < 0.02
    assert scores.shape == (402, 64)


def test_equal_cells_come_in_no_order_of_the_picture_and_in_the_same_one_for_all_maps():
    scores = torch.zeros(2, 64)
    scores[:, 32:] = 1
    seen = []

    def answer(shown):
        seen.append(shown)
        return shown.double().mean(1)

    curves(scores, answer, steps=4, seed=5)
    first, second = seen[0][2:5], seen[0][5:8]  # whole, nothing, then the deletions of each map
    assert torch.equal(first, second)
    assert not first[0, :32].logical_not().any()
    quarter = first[0].logical_not().nonzero()[:, 0].tolist()
    assert len(quarter) == 16
    assert quarter != list(range(32, 48))


def test_baselines_know_the_centre_and_the_edges():
    image = torch.zeros(3, 32, 32)
    image[:, :, 16:] = 1.0
    centre, edges = baselines(image, grid((32, 32)), seed=0, chance=1)[:2]
    assert set(centre.topk(4).indices.tolist()) == {27, 28, 35, 36}
    assert set((edges > 0).nonzero()[:, 0].remainder(8).tolist()) == {3, 4}
    assert edge_strength(image[None])[0, :, 15:17].min() > 0


def test_rank_correlation_is_scipys_with_ties_too():
    generator = np.random.default_rng(0)
    one, other = generator.integers(0, 5, (2, 9, 9))
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic)
    assert rank_correlation(one, -one) == pytest.approx(-1)
    assert rank_correlation(one, np.ones((9, 9))) == 0


def test_the_overlap_counts_the_strongest_tenth():
    one = np.arange(100.0).reshape(10, 10)
    assert top_overlap(one, one) == 1
    assert top_overlap(one, -one) == 0
    shifted = one.copy()
    shifted[9, 5:] = -1
    assert top_overlap(one, shifted) == 0.5
    table = agreement([one[None], -one[None]])
    assert table.tolist() == [[1, pytest.approx(-1)], [0, 1]]


def test_shuffling_keeps_the_values_and_the_model_given(cnn, images):
    before = copy.deepcopy(cnn.state_dict())
    logits = cnn(images)
    shuffled = [copy.deepcopy(each) for each in randomised(cnn, (0.01, 1.0), seed=1)]
    assert all(torch.equal(value, before[key]) for key, value in cnn.state_dict().items())
    head, everything = (each.state_dict() for each in shuffled)
    assert [key for key in before if not torch.equal(before[key], head[key])] == ["10.weight", "10.bias"]
    for key, value in everything.items():
        torch.testing.assert_close(value.sort(dim=-1).values.sum(), before[key].sort(dim=-1).values.sum())
    assert not torch.allclose(shuffled[1](images), logits)
    again = next(iter(randomised(cnn, (1.0,), seed=1)))
    assert torch.equal(again[0].weight, shuffled[1][0].weight)


class Brightness(nn.Module):
    """Two classes: bright and dark."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        bright = 20 * (images.mean((1, 2, 3)) - 0.5)
        return torch.stack([bright, -bright], 1)


def test_the_way_to_hide_takes_the_answer_away_without_another():
    image = torch.full((3, 16, 16), 0.9)
    found = cover(Brightness(), image, grid((16, 16)), 0)
    assert found.way == "grey"  # every other way leaves it bright
    assert found.left == pytest.approx(0.5)
    asked = cover(Brightness(), image, grid((16, 16)), 0, "mean")
    assert (asked.way, asked.predicted) == ("mean", 0)
    black = cover(Brightness(), image, grid((16, 16)), 0, (0.0, 0.0, 0.0))
    assert (black.way, black.predicted) == ("", 1)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_a_picture_of_its_own_that_repeats(images, way):
    segments = grid((24, 24))
    hidden = painted_over(images[0], segments, way, seed=5)
    assert hidden.shape == images[0].shape
    assert hidden.dtype == images.dtype
    assert 0 <= float(hidden.min()) <= float(hidden.max()) <= 1
    assert torch.equal(hidden, painted_over(images[0], segments, way, seed=5))


def test_noise_shows_what_lies_around_a_piece_and_nothing_of_it():
    image = torch.zeros(3, 64, 64)
    segments = torch.zeros(64, 64, dtype=torch.int64)
    segments[24:40, 24:40] = 1
    image[:, segments == 1] = 1.0
    hidden = painted_over(image, segments, "noise")
    assert float(hidden[:, 28:36, 28:36].mean()) < 0.1


def test_partly_hidden_pictures_are_laid_by_hand(cnn, images):
    segments = grid((24, 24))
    hidden = torch.full_like(images[0], 0.5)
    shown = torch.rand(5, 64) > 0.5
    by_hand = torch.stack([torch.where(row[segments], images[0], hidden) for row in shown])
    torch.testing.assert_close(sample_logits(cnn, images[0], hidden, segments, shown), cnn(by_hand))


FINE = {"taken": 0.9, "deletion": 0.1, "insertion": 0.9, "lead": 0.8, "leads": (0.0, 0.5, 0.4), "edge_like": 0.3}
FINE |= {"deletions": (0.5, 0.2, 0.3)}


@pytest.mark.parametrize(
    ("changed", "word", "part"),
    [
        ({}, BELIEVABLE, "2.0 times as fast as the centre (lead 0.80 against 0.50)"),
        ({"lead": 0.35}, BELIEVABLE, "as fast as"),
        ({"leads": (0.0, 0.99, 0.4), "lead": 0.7}, DOUBTFUL, "the centre alone does better"),
        ({"leads": (0.0, 0.5, 0.99), "lead": 0.7}, WRONG, "edges alone do better"),
        ({"lead": 0.1}, WRONG, "no more than chance"),
        ({"edge_like": 0.9}, WRONG, "an edge detector draws the same"),
        ({"noise": 0.9, "shuffled": (0.9, 0.8, 0.1, 0.1)}, WRONG, "hardly changes with the weights"),
        (
            {"noise": 0.9, "shuffled": (0.9, 0.1, 0.0, 0.0)},
            BELIEVABLE,
            "changes with the weights (0.10); stable (0.90)",
        ),
        ({"noise": 0.2}, DOUBTFUL, "noise that changes no answer changes it"),
        ({"on_object": 0.5, "object": 0.2}, BELIEVABLE, "50% on the food (20% of the picture)"),
        ({"lead": None, "taken": 0.05}, UNMEASURED, "takes only 5% of the class's probability away"),
        ({"empty": True}, UNMEASURED, "the same everywhere"),
    ],
)
def test_the_word_follows_from_the_figures(changed, word, part):
    found, reason = verdict(Figures(**{**FINE, **changed}))
    assert (found, part in reason) == (word, True), reason


def test_the_command_says_and_keeps_it(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "gradient", "gradcam", "--json")
    assert done.exit_code == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert set(manifest["trust"]) == {"gradient", "gradcam"}
    (trust,) = manifest["trust"]["gradcam"]
    assert trust["verdict"] in (BELIEVABLE, DOUBTFUL, WRONG, UNMEASURED)
    assert len(trust["leads"]) == 3
    arrays = np.load("results/saliency.npz")
    assert {"maps_gradient", "maps_gradcam", "deletion_gradcam", "insertion_gradient"} <= set(arrays.files)
    assert arrays["deletion_gradcam"].shape == (1, 3 + EFFORT["quick"].chance, EFFORT["quick"].steps + 1)
    assert np.shape(manifest["agreement"]) == (2, 2)


def test_against_explains_the_difference_of_two_logits(foodviz):
    def maps(*flags):
        done = foodviz("saliency", "--ids", "57", "--trust", "none", "--reduce", "sum", *flags)
        assert done.exit_code == 0, done.stderr
        return np.load("results/saliency.npz")["maps"].astype(np.float64)

    both = maps("--target", "Bread", "--against", "Egg")
    np.testing.assert_allclose(both, maps("--target", "Bread") - maps("--target", "Egg"), atol=1e-4)
    refused = foodviz("saliency", "--ids", "57", "--against", "label")
    assert refused.exit_code == 1
    assert "--against label: 57 0_15.jpg is explained for Bread already" in refused.stderr
    assert "--against Pizza: no such class" in foodviz("saliency", "--ids", "57", "--against", "Pizza").stderr
    assert foodviz("saliency", "--against", "Egg", "--objective", "loss").exit_code == 2


def test_a_picture_named_wrongly_is_explained_for_both_classes(foodviz):
    done = foodviz("saliency", "--split", "validation", "--ids", "57", "8", "--trust", "none", "--json")
    assert done.exit_code == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["targets"] == ["Bread", "Vegetable/Fruit", "Bread"]
    assert "named wrongly" in done.stderr
    assert np.load("results/saliency.npz")["maps"].shape[0] == 3


def test_a_scale_ends_where_all_but_a_few_values_do():
    values = np.arange(1000.0)
    values[-1] = 1e6
    assert limits_of(values, 99.5) == pytest.approx((0, 994), abs=1)
    assert limits_of(values) == (0, 1e6)
    assert limits_of(-values, 99.5)[0] == pytest.approx(-994, abs=1)
    lonely = np.zeros(1000)
    lonely[3] = 2.0
    assert limits_of(lonely, 99.5) == (0, 2)
