"""What `lime --class` says is tested: a net that knows a class by its colour, and sentences that are not true of it."""

import pytest
import torch
from torch import nn

from foodviz.analysis.lime_claims import class_claims, in_words


class White(nn.Module):
    """Answers class 0 the surer, the lighter and the less coloured the middle of the picture is."""

    answers = "logits"

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        middle = images[:, :, 8:16, 8:16].mean((2, 3))
        light = 20 * (middle.amin(1) - 0.5)
        return torch.stack([light, -light], 1)


class Pictures:
    """Eight pictures: a white square on grounds of other colours."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        ground = 0.2 + 0.3 * torch.rand(8, 3, 1, 1, generator=generator)
        self.images = (ground + 0.1 * torch.rand(8, 3, 24, 24, generator=generator)).clamp(0, 1)
        self.images[:, :, 6:18, 6:18] = 0.7 + 0.2 * torch.rand(8, 1, 1, 1, generator=generator)
        self.seeds = list(range(8))
        self.probabilities = White()(self.images).softmax(1)
        self.subject = self
        self.classifier = White()

    def image_seed(self, digest: str) -> int:
        return len(digest)


@pytest.fixture
def speaking() -> torch.Tensor:
    inside = torch.zeros(8, 24, 24, dtype=torch.bool)
    inside[:, 6:18, 6:18] = True
    return inside


def test_what_is_true_is_said_with_its_effect_and_what_is_not_is_refused(speaking):
    words = ("lighter", "redder", "paler", "more colourful", "nearer the centre")
    claims = class_claims(Pictures(), speaking, 0, words)
    effect = {claim.word: claim.fall for claim in claims}
    assert [claim.word for claim in claims] == list(words)
    assert effect["lighter"].mean > 0.8  # of probability
    for forged in ("redder", "paler", "more colourful"):  # white is white, in grey and without red of its own
        assert effect[forged].mean == pytest.approx(0, abs=1e-3)
    said = in_words(claims)
    assert said["lighter"].startswith("half as bright its probability falls by ")
    assert not {"redder", "paler", "more colourful"} & set(said)
    assert class_claims(Pictures(), speaking, 0, ()) == ()


def test_only_the_pieces_that_speak_for_the_class_are_changed(speaking):
    (elsewhere,) = class_claims(Pictures(), ~speaking, 0, ("lighter",))
    assert elsewhere.fall.mean == 0
    assert in_words((elsewhere,)) == {}
