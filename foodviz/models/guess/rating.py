"""How well a reading of a checkpoint fits labelled pictures: right answers, and norms that see what training saw.

A batch norm carries the mean and variance of its input as training saw it. Fed with similar pictures through the right
activations, pools, colours and normalisation, its input has about that mean and variance again; through wrong ones it
has not. That tells readings apart that are right equally often, and it needs no labels.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")
_WEIGHT_OF_PRIOR = 0.3  # log10(2)
# Norms off by more nats than this, and by so many times more than those of another reading, are those of a wrong one.
_ABSURD, _WORSE = 1.0, 4.0
_TEMPERATURES = [1.2**step for step in range(16)]


@dataclass(frozen=True)
class Rating:
    """One reading on some pictures.

    Attributes:
        pictures: how many.
        accuracy: share of pictures whose label is predicted.
        log_likelihood: mean over the pictures, of their labels; at the temperature of 1 or more that makes it largest,
            as training makes nets surer than they are right, and only a wrong reading less sure.
        commonest: share of pictures that have the commonest label: what guessing can be right on without looking.
        misfit: how far the input of the batch norms is from their statistics, 0 for the same; None without any. The
            mean over layers and channels of the Kullback-Leibler divergence of two normal distributions, in nats.
    """

    pictures: int
    accuracy: float
    log_likelihood: float
    misfit: float | None
    commonest: float = 0.0

    @property
    def error(self) -> float:
        """Standard error of the accuracy, at least one picture."""
        return max(math.sqrt(self.accuracy * (1 - self.accuracy) / self.pictures), 1 / self.pictures)

    @property
    def cost(self) -> float:
        """What decides first between readings that are right about equally often; smaller is better."""
        return -self.log_likelihood if self.misfit is None else self.misfit

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on all such pictures lies, with 95 % confidence.

        Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22.
        """
        z = 1.96
        middle = self.accuracy + z * z / (2 * self.pictures)
        around = z * math.sqrt(self.accuracy * (1 - self.accuracy) / self.pictures + (z / (2 * self.pictures)) ** 2)
        whole = 1 + z * z / self.pictures
        return max(0.0, (middle - around) / whole), min(1.0, (middle + around) / whole)

    @property
    def beats_guessing(self) -> bool:
        """Whether it is right more often, with 95 % confidence, than always naming the commonest class would be."""
        return self.interval[0] > self.commonest

    @property
    def shares(self) -> str:
        """The accuracy with its interval, and of how many pictures, in words."""
        low, high = self.interval
        return f"{self.accuracy:.1%} [{low:.0%} to {high:.0%}] of {self.pictures}"

    def __str__(self) -> str:
        norms = "" if self.misfit is None else f", norms off by {self.misfit:.3f}"
        return f"right on {self.shares} pictures{norms}"


def rate(classifier: nn.Module, images: Tensor, labels: Tensor) -> Rating:
    """How the classifier does on images (N, 3, H, W), RGB in [0, 1], whose classes are `labels` (N,)."""
    norms = [module for module in classifier.modules() if isinstance(module, nn.BatchNorm2d)]
    norms = [norm for norm in norms if norm.running_mean is not None]
    sums: dict[nn.Module, Tensor] = {}

    def seen(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        count = inputs[0][:, 0].numel()
        moments = torch.stack([mean, variance + mean * mean, torch.ones_like(mean)]).double() * count
        sums[norm] = sums.get(norm, 0) + moments

    handles = [norm.register_forward_pre_hook(seen) for norm in norms]
    device = next(chain(classifier.buffers(), classifier.parameters())).device
    try:
        with torch.inference_mode():
            logits = [classifier(some.to(device)).cpu() for some in torch.split(images, 16)]
    finally:
        for handle in handles:
            handle.remove()
    answers = torch.cat(logits)
    likely = [(answers / t).log_softmax(1).nan_to_num(-1e3, -1e3, -1e3) for t in _TEMPERATURES]
    return Rating(
        len(images),
        float((likely[0].argmax(1) == labels).float().mean()),
        max(float(each.gather(1, labels[:, None]).mean()) for each in likely),
        _misfit(sums),
        float(labels.bincount().max()) / len(labels),
    )


def _misfit(sums: dict[nn.Module, Tensor]) -> float | None:
    distances = []
    for norm, (total, squares, count) in sums.items():
        mean, variance = norm.get_buffer("running_mean").double(), norm.get_buffer("running_var").double() + 1e-5
        here = total / count
        spread = (squares / count - here * here).clamp_min(0) + 1e-5
        ratio = spread / variance
        distance = 0.5 * ((here - mean) ** 2 / variance + ratio - 1 - ratio.log())
        distances.append(distance.nan_to_num(1e6, 1e6, 1e6).clamp_max(1e6).median())
    return float(torch.stack(distances).mean()) if distances else None


def ranked(rated: Iterable[tuple[Rating, T]], prior: Callable[[T], float]) -> list[tuple[Rating, T]]:
    """Best first: of those right as often as the best within two standard errors the best fit, then the others.

    Those whose norms are absurd beside another's come last, whatever their accuracy: right by luck.
    An unusual reading must fit markedly better than a usual one to come before it: twice as well, at a tenth of its
    `prior`. Readings that feed the norms the same differ behind the last of them alone; there the labels decide.
    """

    def unlikely(pair: tuple[Rating, T]) -> float:
        return -math.log(max(prior(pair[1]), 1e-9))

    def cost(pair: tuple[Rating, T]) -> float:
        return math.log(max(pair[0].cost, 1e-9)) + _WEIGHT_OF_PRIOR * unlikely(pair)

    def alike(pair: tuple[Rating, T]) -> bool:
        best, own = close[0][0].misfit, pair[0].misfit
        return best is not None and own is not None and math.isclose(best, own, rel_tol=1e-3)

    given = list(rated)
    least = min((pair[0].misfit for pair in given if pair[0].misfit is not None), default=0.0)
    absurd = [pair for pair in given if (pair[0].misfit or 0.0) > max(_ABSURD, _WORSE * least)]
    pairs = sorted((pair for pair in given if pair not in absurd), key=lambda pair: (-pair[0].accuracy, cost(pair)))
    by_luck = not any(rating.beats_guessing for rating, _ in pairs)  # then the norms alone speak
    limit = 0.0 if by_luck else pairs[0][0].accuracy - 2 * pairs[0][0].error
    close = sorted((pair for pair in pairs if pair[0].accuracy >= limit), key=cost)
    by_labels = sorted(
        filter(alike, close), key=lambda pair: unlikely(pair) - pair[0].pictures * pair[0].log_likelihood
    )
    others = [pair for pair in close if not alike(pair)]
    return [*by_labels, *others, *pairs[len(close) :], *sorted(absurd, key=cost)]
