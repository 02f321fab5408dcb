"""What every ascent shares: the objectives it climbs, and a way past units that give no gradient.

An objective is one number per picture, larger where the picture is better; rows never mix, so that a batch of pictures
climbs as each would alone.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Objective = Callable[[Tensor, Tensor], Tensor]  # a layer's output, the channel of each row -> a value for each row


def channel_mean(output: Tensor, channels: Tensor) -> Tensor:
    """Mean of one channel's map, whatever its area, so that one learning rate serves every layer.

    Args:
        output: (N, K, h, w), a layer's output; (N, C) logits are maps of one cell.
        channels: (N,) int64, the channel that each picture is for.

    Returns:
        (N,), in the layer's units.
    """
    rows = _rows(output, channels)
    return rows.flatten(1).mean(1) if rows.ndim > 1 else rows


def channel_centre(output: Tensor, channels: Tensor) -> Tensor:
    """The channel's value in the middle cell, (N,): what one neuron looks for. Arguments as in `channel_mean`."""
    rows = _rows(output, channels)
    return rows[:, rows.shape[1] // 2, rows.shape[2] // 2] if rows.ndim == 3 else rows


def channel_peak(output: Tensor, channels: Tensor) -> Tensor:
    """The channel's largest value in the middle half of its map, (N,). Arguments as in `channel_mean`.

    What makes a photograph a filter's strongest, climbed. The cell that leads at first keeps the lead wherever random
    shifts take it; near the map's edges the padding would excite, too.
    """
    rows = _rows(output, channels)
    if rows.ndim < 3:
        return rows
    return rows[:, middle_half(rows.shape[1]), middle_half(rows.shape[2])].flatten(1).amax(1)


def middle_half(length: int) -> slice:
    """The middle half of so many cells in a row, at least one."""
    return slice(length // 4, length - length // 4)


def diverse_mean(output: Tensor, channels: Tensor) -> Tensor:
    """`channel_mean`, less the likeness of the pictures that are for the same channel: they climb to different ends.

    Likeness is the mean cosine of their Gram matrices at the layer (their texture), in shares of the mean itself.
    """
    score = channel_mean(output, channels)
    cells = functional.normalize(output.flatten(2), dim=2)
    texture = functional.normalize((cells @ cells.mT).flatten(1), dim=1)
    siblings = (channels[:, None] == channels) & ~torch.eye(len(channels), dtype=torch.bool, device=channels.device)
    likeness = (texture @ texture.T * siblings).sum(1) / siblings.sum(1).clamp_min(1)
    return score - score.detach().abs() * likeness


def one_after_another(first: Objective, count: int, second: Objective) -> Objective:
    """The objective of a batch whose first `count` rows climb one and whose others climb another, all to the end."""

    def objective(output: Tensor, channels: Tensor) -> Tensor:
        return torch.cat([first(output[:count], channels[:count]), second(output[count:], channels[count:])])

    return objective


def layer_energy(output: Tensor) -> Tensor:
    """Mean square of a whole layer's output, (N,): everything it sees already, more of it."""
    return output.flatten(1).square().mean(1)


def _rows(output: Tensor, channels: Tensor) -> Tensor:
    return output[torch.arange(len(output), device=output.device), channels]


def stuck(gradient: Tensor) -> Tensor:
    """Which pictures get no gradient at all, (N,) bool: their objective does not depend on them where they stand."""
    return gradient.flatten(1).abs().amax(1) == 0


def leading_back(gradient: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The part of an ascent's gradient that lifts what is `low` and lowers what is `high`, and all of it elsewhere."""
    return gradient.masked_fill((low & (gradient < 0)) | (high & (gradient > 0)), 0)


class Adam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) climbing one tensor in place: `ascend(values, gradient)`.

    The same numbers as torch.optim.Adam (with `fading`, torch.optim.AdamW) with maximize=True, whose first step imports
    a compiler for 1.5 seconds.

    Args:
        lr: step size.
        weight_decay: times the values, taken from the gradient.
        fading: times lr, the share of the values that goes at each step (Loshchilov and Hutter 2019, arXiv:1711.05101).
    """

    def __init__(self, lr: float, *, weight_decay: float = 0.0, fading: float = 0.0) -> None:
        self.lr, self.weight_decay, self.fading = lr, weight_decay, fading
        self.first: Tensor | float = 0.0
        self.second: Tensor | float = 0.0
        self.steps = 0

    @torch.no_grad()
    def ascend(self, values: Tensor, gradient: Tensor) -> None:
        gradient = gradient - self.weight_decay * values
        self.steps += 1
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient.square()
        spread = (self.second / (1 - 0.999**self.steps)).sqrt().add_(1e-8)
        values.mul_(max(0.0, 1 - self.lr * self.fading))
        values.addcdiv_(self.first, spread, value=self.lr / (1 - 0.9**self.steps))

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows of the values alone, an index or (N,) bool."""
        if isinstance(self.first, Tensor) and isinstance(self.second, Tensor):
            self.first, self.second = self.first[rows], self.second[rows]


class SGD:
    """Plain gradient ascent in place, values += lr * (gradient - weight_decay * values)."""

    def __init__(self, lr: float, *, weight_decay: float = 0.0) -> None:
        self.lr, self.weight_decay = lr, weight_decay

    @torch.no_grad()
    def ascend(self, values: Tensor, gradient: Tensor) -> None:
        values.add_(gradient - self.weight_decay * values, alpha=self.lr)

    def keep(self, rows: Tensor) -> None:
        """Nothing is kept from step to step."""


class RedirectedReLU(TorchFunctionMode):
    """Inside this block ReLU and ReLU6 pass gradients on for pictures that would get none from them.

    Where a whole picture's gradient would be stopped by units at rest, the part that would wake them goes through (as
    in Lucid, "redirected ReLU"): an ascent needs it for the first steps, when a grey picture excites nothing. Catches
    `torch.nn.functional` calls, and with them the modules; the values are unchanged.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        top = _TOPS.get(func)
        if func is functional.hardtanh and kwargs.get("min_val") == 0:  # what the module ReLU6 calls
            top = kwargs["max_val"]
        return func(*args, **kwargs) if top is None else _Redirected.apply(args[0], top)


# In-place forms that are called for their side effect (relu_) are left alone.
_TOPS = {functional.relu: float("inf"), torch.relu: float("inf"), functional.relu6: 6.0}


class _Redirected(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, top: float) -> Tensor:
        context.save_for_backward(values)
        context.top = top
        return values.clamp(0.0, top)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (values,) = context.saved_tensors
        low, high = values <= 0, values >= context.top
        usual = gradient.masked_fill(low | high, 0)
        blocked = stuck(usual).view(-1, *[1] * (values.ndim - 1))
        return torch.where(blocked, leading_back(gradient, low, high), usual), None
