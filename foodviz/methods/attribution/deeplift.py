"""How much of the score's rise from a plain picture to the image does each value account for, step by step?

Shrikumar, Greenside, Kundaje 2017, "Learning Important Features Through Propagating Activation Differences" (DeepLIFT),
arXiv:1704.02685, section 3: the rescale rule (3.5.2), as captum has it for pools. Two passes are compared, the plain
picture's and the image's. A gradient goes back through the second; where it meets a nonlinearity of one value each, it
is multiplied not with the slope, but with the rise of the output over the rise of the input. A maximum hands its rise
to the value that is the largest now, its fall to the one that was.

Deviations: where the input does not rise the slope stands, at which the quotient ends; a step that is neither linear
nor of one value (softmax, layer norm, products) is taken as its gradient, and a remark says so; a score that is not
linear in the logits counts with its mean gradient on the straight way between both pictures' logits.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.errors import InputError
from foodviz.hooks import Intercepted, evaluating, function_name
from foodviz.methods.attribution import linear_steps
from foodviz.methods.attribution.integrated_gradients import completeness
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of

_ONE_VALUE = re.compile(
    "relu|relu6|leaky_relu|prelu|elu|selu|celu|gelu|silu|mish|sigmoid|hardsigmoid|hardswish|hardtanh|logsigmoid|"
    "softplus|softsign|tanh|tanhshrink|softshrink|hardshrink|threshold|clamp|clamp_min|clamp_max|exp|log|sqrt|square|abs"
)
_LARGEST = re.compile(r"(adaptive_)?max_pool\dd|amax")
_OTHER_STEPS = "`method` deeplift: the network takes other steps for a plain picture than for this one"
_POINTS = 64  # on the way between logits: exact to rounding for a probability


def attribute(
    model: nn.Module, images: Tensor, targets: Tensor, *, baseline: float = 0.0, score: Score = logit
) -> Attribution:
    """Multipliers times the way from the plain picture; further arguments as in `gradient.input_gradient`.

    Args:
        baseline: the plain picture's intensity in [0, 1]; 0 is black.

    Returns:
        (N, 3, H, W), signed, in units of the score; they sum to score(image) - score(baseline) where every step has a
        rule. The check `completeness_gap`, (N,), is how far the sum misses that, as a share of the difference.

    Raises:
        InputError: the network takes other steps for the plain picture than for the image.
    """
    values, rises, count = [], [], max(1, images_a_pass(images) // 2)
    without_rule: set[str] = set()
    with evaluating(model):
        for some, their_targets in zip(torch.split(images, count), torch.split(targets, count), strict=True):
            plain = torch.full_like(some, baseline)
            with torch.no_grad(), _recorded() as inputs:
                before = model(plain)
            pixels = some.detach().clone().requires_grad_()
            with torch.enable_grad(), _rescaled(inputs) as ruled:
                logits = model(pixels)
            now = logits.detach()
            (multipliers,) = torch.autograd.grad(logits, pixels, _mean_gradient(score, before, now, their_targets))
            values.append((pixels.detach() - plain) * multipliers)
            rises.append(score(now, their_targets) - score(before, their_targets))
            without_rule.update(linear_steps.others(logits, ruled))
    every = torch.cat(values)
    gaps, remark = completeness(every, torch.cat(rises))
    remarks = [remark]
    if without_rule:
        remarks.append(f"Without a rule, taken as gradients: {', '.join(sorted(without_rule))}.")
    return Attribution(every, unit_of(score), checks={"completeness_gap": gaps}, remarks=tuple(remarks))


def _mean_gradient(score: Score, before: Tensor, now: Tensor, targets: Tensor) -> Tensor:
    """(N, C), the score's mean gradient on the straight way from logits to others."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    mean = torch.zeros_like(now)
    with torch.enable_grad():
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            logits = (before + point * (now - before)).requires_grad_()
            mean += weight * torch.autograd.grad(score(logits, targets).sum(), logits)[0]
    return mean


@contextmanager
def _recorded() -> Iterator[deque[Tensor]]:
    """Collect the input of every step that has a rule, in the order in which they are called inside the block."""
    inputs: deque[Tensor] = deque()

    def answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if _has_rule(function, args):
            inputs.append(args[0].clone())
        return function(*args, **kwargs)

    with Intercepted(answer):
        yield inputs


@contextmanager
def _rescaled(inputs: deque[Tensor]) -> Iterator[list[object]]:
    """Give every step that has a rule the rule's multipliers for its gradient, its values unchanged.

    Args:
        inputs: of the same steps for the plain picture; they are used up.

    Yields:
        The maxima's nodes in the graph: not linear, and yet with a rule.
    """
    nodes: list[object] = []

    def answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not _has_rule(function, args):
            return function(*args, **kwargs)
        now, *rest = args
        if not inputs or inputs[0].shape != now.shape:
            raise InputError(_OTHER_STEPS)
        before = inputs.popleft()
        if not now.requires_grad:
            return function(*args, **kwargs)

        def step(values: Tensor) -> Tensor:
            output: Tensor = function(values, *rest, **kwargs)
            return output

        if _ONE_VALUE.fullmatch(function_name(function)):
            return _one_value(step, now, before)
        output, maxima = _largest(step, now, before)
        nodes.extend(maxima)
        return output

    with Intercepted(answer):
        yield nodes
    if inputs:
        raise InputError(_OTHER_STEPS)


def _has_rule(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    name = function_name(function)
    return bool(args) and isinstance(args[0], Tensor) and bool(_ONE_VALUE.fullmatch(name) or _LARGEST.fullmatch(name))


def _with_gradient(values: Tensor, *sources: tuple[Tensor, Tensor | float]) -> Tensor:
    """`values` as they are, whose gradient goes to each source, times its factor."""
    result = values.detach()
    for source, factor in sources:
        result = result + factor * (source - source.detach())
    return result


def _equal(now: Tensor, before: Tensor) -> Tensor:
    """Where the rise is of rounding's size: a quotient would be noise."""
    return (now - before).abs() <= 10 * torch.finfo(now.dtype).eps * torch.maximum(now.abs(), before.abs())


def _one_value(step: Callable[[Tensor], Tensor], now: Tensor, before: Tensor) -> Tensor:
    values = now.detach().clone().requires_grad_()
    given = values.clone()
    output = step(given)
    (slopes,) = torch.autograd.grad(output.sum(), values)
    with torch.no_grad():
        rises = (output - step(before.clone())) / (values - before)
        factors = torch.where(_equal(values, before), slopes, rises)
    ruled = _with_gradient(output, (now, factors))
    return now.copy_(ruled) if output is given else ruled  # in place, as the network has it


def _largest(step: Callable[[Tensor], Tensor], now: Tensor, before: Tensor) -> tuple[Tensor, list[object]]:
    """What the step answers, and the nodes of its own in the graph."""
    equal = _equal(now.detach(), before)
    per_rise = _with_gradient(now, (now, torch.where(equal, 0, 1 / (now.detach() - before))))
    largest_now, largest_before = step(per_rise), step(_with_gradient(before, (per_rise, 1)))
    where_equal = step(_with_gradient(now, (now, equal.to(now.dtype))))
    most = torch.maximum(largest_now, largest_before).detach()
    rise, fall = most - largest_before.detach(), largest_now.detach() - most
    output = _with_gradient(largest_now, (largest_now, rise), (largest_before, fall), (where_equal, 1))
    return output, [each.grad_fn for each in (largest_now, largest_before, where_equal)]
