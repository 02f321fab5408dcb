"""What does a photograph turn into when it climbs the gradient of what a layer sees in it?

Plain recipe: Utku Ozbulak, pytorch-cnn-visualizations, `deep_dream.py` (lr 12, weight decay 1e-4, 250 steps), with the
mean of one channel as the objective. Guide picture: Mordvintsev, Olah, Tyka 2015, "Inceptionism". Deviations: the
picture keeps its size, an objective is larger where the picture is better, Adam is on offer, and the pixels are climbed
in [0, 1] unless the model's own normalised space is asked for (`in_model_space`). `octaves.py` has the other recipe.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.hooks import run_to
from foodviz.methods.ascent import channel_mean, stuck

Objective = Callable[[Tensor], Tensor]  # a layer's output (N, K, h, w), or logits (N, C) -> (N,), larger is better
Climb = Callable[[Tensor], tuple[Tensor, Tensor]]  # a canvas (N, 3, H, W) -> its objective (N,), and the gradient

PRODUCTS = 32_000_000  # of cells with a guide's at once: an early layer's maps have as many cells as the picture pixels


@dataclass(frozen=True)
class Moment:
    """A dream after some of its steps: everything that the next step depends on.

    step: steps taken. canvas: (1, 3, H, W), not clipped, in the space that is climbed. memory: what the optimiser
    carries over (Adam's two averages, none for plain ascent). objective: of this canvas, in the layer's units.
    """

    step: int
    canvas: Tensor
    memory: tuple[Tensor, ...] = ()
    objective: float = float("nan")


def channels(indices: Sequence[int], weights: Sequence[float] | None = None) -> Objective:
    """The mean of one channel, or the weighted sum of several means; a class is a channel of the logits."""
    shares = weights or [1.0] * len(indices)

    def objective(output: Tensor) -> Tensor:
        place = torch.zeros(len(output), dtype=torch.int64, device=output.device)
        means = [share * channel_mean(output, place + index) for index, share in zip(indices, shares, strict=True)]
        return torch.stack(means).sum(0)

    return objective


def likeness(guide: Tensor) -> Objective:
    """How well each cell is matched by the guide's most similar cell: mean over cells of the largest dot product.

    Args:
        guide: (1, K, h, w), the same layer's output for the guide picture; its size is free.
    """
    cells = guide.detach().flatten(2)[0]  # (K, guide cells)
    at_once = max(1, PRODUCTS // cells.shape[1])

    def objective(output: Tensor) -> Tensor:
        here = output.flatten(2).transpose(1, 2)  # (N, cells, K)
        rows = [torch.cat([(some @ cells).argmax(1) for some in row.split(at_once)]) for row in here.detach()]
        best = torch.stack(rows)  # (N, cells)
        return (here * cells.T[best]).sum(2).mean(1)

    return objective


def climber(model: nn.Module, layer: nn.Module | None, objective: Objective) -> Climb:
    """The objective of pictures and its gradient; the forward stops at `layer`, or runs to the logits without one.

    Args:
        model: eval-mode classifier with frozen parameters, images (N, 3, H, W) in [0, 1] -> logits (N, C).
    """

    def climb(pixels: Tensor) -> tuple[Tensor, Tensor]:
        pixels = pixels.detach().requires_grad_()
        values = objective(model(pixels) if layer is None else run_to(model, layer, pixels))
        (gradient,) = torch.autograd.grad(values.sum(), pixels)
        return values.detach(), gradient

    return climb


def in_model_space(climb: Climb, mean: Tensor, std: Tensor) -> Climb:
    """The same climb for a canvas of normalised pixels, (pixels - mean) / std, as the cited script keeps it.

    Args:
        mean, std: (1, 3, 1, 1), in the canvas' channel order.
    """

    def climb_normalised(canvas: Tensor) -> tuple[Tensor, Tensor]:
        values, gradient = climb(canvas * std + mean)
        return values, gradient * std

    return climb_normalised


def dream(
    climb: Climb,
    start: Moment,
    *,
    steps: int,
    lr: float = 12.0,
    weight_decay: float = 1e-4,
    optimizer: Literal["sgd", "adam"] = "sgd",
) -> Iterator[Moment]:
    """Plain gradient ascent, one moment per step.

    Args:
        climb: from `climber`.
        start: a photograph at step 0, or the moment at which an earlier dream stopped: the rest is the same.
        steps: of the whole dream, counted from step 0.
        lr: pixel intensity per unit of gradient (sgd), or about the pixel intensity of a step (adam).
        weight_decay: share of the canvas added to the descent, as torch.optim has it: lr 12 and 1e-4 multiply the
            picture by 0.9988 a step.

    Yields:
        The start itself with its objective, then the moment after each step.

    Raises:
        InputError: the objective has no gradient at step 0, or the canvas has left the range of numbers.
    """
    moment = start
    while True:
        values, gradient = climb(moment.canvas)
        moment = Moment(moment.step, moment.canvas, moment.memory, float(values))
        check(moment, gradient)
        yield moment
        if moment.step >= steps:
            return
        downhill = weight_decay * moment.canvas - gradient
        advance = _adam if optimizer == "adam" else _sgd
        moment = advance(moment, downhill, lr)
        del gradient, downhill  # of a large photograph, before the next are taken


def check(moment: Moment, gradient: Tensor) -> None:
    """Refuse a canvas that cannot climb, instead of drawing it unchanged or as noise.

    Raises:
        InputError: see `dream`.
    """
    if moment.step == 0 and bool(stuck(gradient).all()):
        raise InputError(
            "dead on this picture, its gradient is zero everywhere; choose another filter, an earlier layer "
            "or another picture"
        )
    if not math.isfinite(moment.objective + float(gradient.sum())):
        raise InputError(f"the dream left the range of numbers at step {moment.step}; choose a smaller `lr`")


def _sgd(moment: Moment, downhill: Tensor, lr: float) -> Moment:
    return Moment(moment.step + 1, moment.canvas - lr * downhill)


def _adam(moment: Moment, downhill: Tensor, lr: float) -> Moment:
    step = moment.step + 1
    first, second = moment.memory or (torch.zeros_like(downhill), torch.zeros_like(downhill))
    first = 0.9 * first + 0.1 * downhill
    second = 0.999 * second + 0.001 * downhill.square()
    size = (second / (1 - 0.999**step)).sqrt() + 1e-8
    return Moment(step, moment.canvas - lr * first / (1 - 0.9**step) / size, (first, second))
