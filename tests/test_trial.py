"""A network is tried on one grey picture before it is used: it runs, in bounded time and memory, and answers logits."""

import math

import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models.architectures import build
from foodviz.models.trial import first_look, takes


class Answers(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, _images):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_classes_are_those_that_it_answers():
    net = build("hw3-sample", 7).eval()
    assert first_look(net, (128, 128))[1] == 7
    assert takes(net, (128, 128))
    assert not takes(net, (64, 64))
    assert not any(module._forward_pre_hooks for module in net.modules())


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (torch.zeros(1, 3, 4, 4), "shape"),
        (torch.zeros(()), "shape"),
        (torch.zeros(2, 3), "shape"),
        (torch.zeros(3, 0), "shape"),
        ((torch.zeros(1, 3),), "a tuple"),
        (None, "a NoneType"),
        (torch.tensor([[0.0, math.nan]] * 3), "not finite"),
        (torch.tensor([[0.0, math.inf]] * 3), "not finite"),
        (ValueError("no\nsuch\x1b[31m luck " + "x" * 500), "does not run on pictures of 16x8 .no such.*luck"),
        (KeyError(), "KeyError"),
    ],
)
def test_what_answers_no_logits_is_refused(answer, line):
    with pytest.raises(InputError, match=line) as refused:
        first_look(Answers(answer), (16, 8))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


def head():
    return nn.AdaptiveAvgPool2d(1), nn.Flatten()


@pytest.mark.parametrize(
    "net",
    [
        nn.Sequential(nn.Conv2d(3, 200_000, 1, device="meta"), *head()),
        nn.Sequential(nn.Conv2d(3, 30, 3, padding=(2000, 1500)), *head()),
        nn.Sequential(nn.Conv2d(3, 9, 1), nn.AdaptiveMaxPool2d(5000), *head()),
        nn.Sequential(nn.Conv2d(3, 9, 1), nn.AdaptiveAvgPool2d((None, 10**6)), *head()),
        nn.Sequential(nn.Conv2d(3, 10_000, 15, padding="same", device="meta"), *head()),
        nn.Sequential(*[nn.Conv2d(3, 3, 501, padding=250, device="meta") for _ in range(50)], *head()),
    ],
)
def test_a_layer_that_would_fill_the_memory_or_take_minutes_is_refused_before_it_runs(net):
    with pytest.raises(InputError, match="asks for more than"):
        first_look(net, (128, 128))
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_the_widest_layer_of_a_large_ordinary_net_is_not_refused():
    """The first convolution of VGG, on a picture of 1024x1024."""
    assert first_look(nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), *head()), (1024, 1024))[1] == 64
