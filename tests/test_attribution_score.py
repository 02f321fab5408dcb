"""What is attributed, and how many images a pass takes."""

import pytest
import torch

from foodviz.methods.attribution.score import SCORES, images_a_pass, logit, loss, probability, unit_of

LOGITS = torch.tensor([[0.0, 1.0, -2.0], [3.0, 0.5, 0.5]], dtype=torch.float64)
TARGETS = torch.tensor([1, 0])


def test_scores_are_their_definitions():
    exact = LOGITS.exp() / LOGITS.exp().sum(1, keepdim=True)
    torch.testing.assert_close(logit(LOGITS, TARGETS), torch.tensor([1.0, 3.0], dtype=torch.float64))
    torch.testing.assert_close(probability(LOGITS, TARGETS), exact[[0, 1], TARGETS])
    torch.testing.assert_close(loss(LOGITS, TARGETS), -exact[[0, 1], TARGETS].log())


def test_units_are_the_names_of_the_scores():
    assert {unit_of(score) for score in SCORES.values()} == set(SCORES) == {"logit", "probability", "loss"}
    assert unit_of(lambda logits, targets: logits[:, 0] * targets) == "score"


@pytest.mark.parametrize(("size", "count"), [((128, 128), 32), ((24, 24), 910), ((2048, 2048), 1)])
def test_a_pass_takes_as_many_images_as_its_pixels_allow(size, count):
    assert images_a_pass(torch.empty(1, 3, *size)) == count
