"""Integrated gradients against captum, and their sum against the rise of the score."""

import pytest
import torch
from captum.attr import IntegratedGradients

from foodviz.methods.attribution.integrated_gradients import attribute
from foodviz.methods.attribution.score import logit

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_integrated_gradients_are_captums(cnn, images, targets, baseline):
    ours = attribute(cnn, images, targets, steps=32, baseline=baseline)
    assert ours.unit == "logit"
    theirs = IntegratedGradients(cnn).attribute(
        images, baselines=baseline, target=targets, n_steps=32, method="gausslegendre"
    )
    torch.testing.assert_close(ours.values, theirs)
    assert (ours.checks["completeness_gap"] < 0.2).all()


def test_integrated_gradients_sum_to_the_rise_of_the_score(cnn, images, targets):
    ours = attribute(cnn, images, targets, steps=300)
    rise = logit(cnn(images), targets) - logit(cnn(torch.zeros_like(images)), targets)
    sums = ours.values.sum((1, 2, 3))
    torch.testing.assert_close(sums, rise, rtol=0.01, atol=1e-4)
    gap = ours.checks["completeness_gap"]
    assert (gap < 0.01).all()
    torch.testing.assert_close(gap, ((sums - rise) / rise).abs())
    assert f"at most {float(gap.max()):.1%}" in ours.remarks[0]
