"""Weights in parts, as weight and spectral norm keep them, are those that the net computes with."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm
from torchvision.models import squeezenet1_1

from foodviz.models import load
from foodviz.models.files.normed import put_together

NORMS = {
    "weight norm, hooks": weight_norm,
    "weight norm, parametrisations": parametrizations.weight_norm,
    "spectral norm, hooks": spectral_norm,
    "spectral norm, parametrisations": parametrizations.spectral_norm,
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
@pytest.mark.parametrize("norm", NORMS)
def test_a_net_opens_without_being_told_and_answers_the_same(norm, tmp_path):
    torch.manual_seed(0)
    net = squeezenet1_1(num_classes=5)
    for module in [each for each in net.modules() if isinstance(each, nn.Conv2d)]:
        NORMS[norm](module)
    torch.save(net.eval().state_dict(), tmp_path / "net.pth")
    classifier = load(str(tmp_path / "net.pth"))
    assert classifier.origin.architecture == "torchvision:squeezenet1_1"
    assert "26 weights lie in parts" in classifier.origin.guesses[0]
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():  # hooks make tensors that neither a copy nor inference mode takes
        torch.testing.assert_close(classifier(images), net(images), rtol=1e-4, atol=0)


def test_what_only_looks_like_parts_is_left_alone():
    weights = {"a.weight_g": torch.ones(3), "a.weight_v": torch.ones(4, 3), "b.weight_g": torch.ones(2, 1)}
    together, count = put_together(weights)
    assert count == 0
    assert together == weights
