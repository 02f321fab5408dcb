"""What is attributed: one number an image, made of its logits; and how many images to take at a time."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

_PIXELS = 32 * 128 * 128  # in a pass: more take memory alone, fewer leave the cores idle
Score = Callable[[Tensor, Tensor], Tensor]


def logit(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N,) targets -> (N,), the target's logit."""
    return logits.gather(1, targets[:, None])[:, 0]


def probability(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N,) targets -> (N,), the target's probability, in [0, 1]."""
    return logit(logits.softmax(1), targets)


def own_probability(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits of classes that are independent of one another and (N,) targets -> (N,), the target's sigmoid."""
    return logit(logits, targets).sigmoid()


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N,) targets -> (N,), the cross-entropy in nats."""
    return functional.cross_entropy(logits, targets, reduction="none")


SCORES: dict[str, Score] = {"logit": logit, "probability": probability, "loss": loss}


def difference(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N, 2) classes -> (N,), the first one's logit less the second one's: why that and not this."""
    return logits.gather(1, targets[:, :1])[:, 0] - logits.gather(1, targets[:, 1:])[:, 0]


def score_of(objective: str, *, independent: bool) -> Score:
    """The score of that name, for classes that share one probability, or each have a probability of their own."""
    return own_probability if independent and objective == "probability" else SCORES[objective]


class Scored(nn.Module):
    """A model whose last step is the score of one target: images (N, 3, H, W) -> (N,)."""

    def __init__(self, model: nn.Module, score: Score, target: Tensor) -> None:
        """Of one target, a class index or two."""
        super().__init__()
        self.model, self.score, self.target = model, score, target

    def forward(self, images: Tensor) -> Tensor:
        """Shapes as above."""
        return self.score(self.model(images), self.target.expand(len(images), *self.target.shape))


def images_a_pass(images: Tensor) -> int:
    """How many images of this size, (..., H, W), to take at a time."""
    return max(1, _PIXELS // (images.shape[-2] * images.shape[-1]))


def unit_of(score: Score) -> str:
    """The score's own unit, in a word."""
    same: dict[Score, Score] = {difference: logit, own_probability: probability}
    score = same.get(score, score)
    return next((name for name, each in SCORES.items() if each is score), "score")
