"""What does each pixel contribute to the score, passed back from layer to layer in proportion to the contributions?

Bach et al. 2015, "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation",
doi:10.1371/journal.pone.0130140; Montavon et al. 2019, "Layer-Wise Relevance Propagation: An Overview",
doi:10.1007/978-3-030-28954-6_10. The rules are those of zennit's EpsilonPlusFlat (Anders et al. 2021, arXiv:2106.13200)
with norms merged into the layer before them: linear layers epsilon, convolutions z-plus, the first of either flat, sums
and mean pools in proportion, a maximum pool to the largest value, activations and all that only rearranges as it comes.

Deviations:

- What is passed back starts as the score (zennit's starts as 1): for the logit and for a difference of logits that is
  exact, for other scores it is their gradient times the logits, their rise to first order.
- A norm that follows no layer of weights passes relevance as it is, and so does arithmetic with constants, the
  normalisation of the pixels among it: the answer is about pixels in [0, 1].
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodviz.attribution import Attribution
from foodviz.errors import InputError
from foodviz.hooks import Intercepted, Running, evaluating, running
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of

_STABILISER = 1e-6
_SERVED = (
    "it serves nets of convolutions, linear layers, BatchNorm, ReLU and its like, pools, additions, concatenations "
    "and dropout"
)
# Names of PyTorch's functions. Elementwise ones that pass relevance as it comes:
_ACTIVATIONS = {"relu", "relu_", "relu6", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "elu", "elu_", "prelu"}
# those with a second operand, as they come where that is a constant:
_ADDITIONS = {"add", "add_", "__add__", "__radd__", "__iadd__"}
_ARITHMETIC = _ADDITIONS | {
    *("sub", "sub_", "__sub__", "__rsub__", "__isub__", "rsub", "mul", "mul_", "__mul__", "__rmul__", "__imul__"),
    *("multiply", "subtract", "div", "div_", "divide", "__truediv__", "__itruediv__", "true_divide"),
    *("addcmul", "addcdiv", "neg", "__neg__"),
}
# sums of their input:
_SUMS = {"avg_pool2d", "adaptive_avg_pool2d", "mean", "sum"}
# and those whose gradient is right, as they move values, repeat them or choose among them.
_REARRANGEMENTS = {
    *("flatten", "view", "reshape", "permute", "transpose", "swapaxes", "movedim", "contiguous", "clone", "squeeze"),
    *("unsqueeze", "__getitem__", "cat", "concat", "concatenate", "stack", "chunk", "split", "unbind", "flip", "roll"),
    *("pad", "dropout", "dropout2d", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "identity", "to"),
    *("float", "double", "half", "bfloat16", "type", "expand", "max_pool2d", "adaptive_max_pool2d", "amax"),
    *("pixel_shuffle", "pixel_unshuffle", "channel_shuffle"),
}
_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_NORM = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
Part = tuple[Tensor, Callable[[Tensor], Tensor]]


def attribute(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Attribution:
    """Each value's share of the score.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen; run in evaluation mode.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        score: logits and targets -> (N,), what is passed back.

    Returns:
        (N, 3, H, W), signed, in units of the score. The check `conservation_gap`, (N,), is how far their sum misses
        what was passed back, as a share of it: what biases kept.

    Raises:
        InputError: the network does something that LRP has no rule for.
    """
    relevances, gaps, count = [], [], images_a_pass(images)
    with evaluating(model):
        for some, their_targets in zip(torch.split(images, count), torch.split(targets, count), strict=True):
            pixels = some.detach().clone().requires_grad_()
            with torch.no_grad():
                plain = model(some)
            with torch.enable_grad(), running(model) as modules, _Rules(modules) as rules:
                logits = model(pixels)
            if rules.first:
                raise InputError(f"LRP sees no layer of weights in this {type(model).__name__}; {_SERVED}")
            if not torch.allclose(logits, plain, rtol=1e-3, atol=1e-3 * float(plain.abs().max()), equal_nan=True):
                raise InputError("LRP cannot follow this network: it changes values in place and uses them elsewhere")
            with torch.enable_grad():
                answer = plain.detach().clone().requires_grad_()
                (slope,) = torch.autograd.grad(score(answer, their_targets).sum(), answer)
            start = slope * plain
            (relevance,) = torch.autograd.grad(logits, pixels, start)
            relevances.append(relevance)
            whole = start.sum(1)
            gaps.append((relevance.sum((1, 2, 3)) - whole).abs() / whole.abs().clamp_min(1e-12))
    gap = torch.cat(gaps)
    remark = f"Biases keep part of the score: the sums miss it by up to {float(gap.max()):.0%}."
    return Attribution(torch.cat(relevances), unit_of(score), checks={"conservation_gap": gap}, remarks=(remark,))


class _Rules(Intercepted):
    """Inside, the backward pass of what depends on the pixels hands on relevance instead of gradients.

    Nothing in the network is changed: the functions that it calls are answered here, so that also what a forward calls
    itself has its rule. What changes its input in place answers a new tensor.
    """

    def __init__(self, modules: Sequence[Running]) -> None:
        super().__init__(self._ruled)
        self.modules = modules
        self.first = True  # the next layer of weights is the first one
        self.latest: tuple[Tensor, Callable[[Tensor, Tensor | None], list[Part]], dict[str, Any]] | None = None

    def _ruled(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = getattr(func, "__name__", "")
        on_the_way = [each for each in _flat((*args, *kwargs.values())) if _depends(each)]
        if not on_the_way or name in _REARRANGEMENTS:
            return func(*args, **kwargs)
        first = on_the_way[0]

        def answer(*values: Tensor) -> Tensor:
            """The function's own, of other tensors in the place of those on the way."""
            others = {id(old): new for old, new in zip(on_the_way, values, strict=True)}
            named = {key: others.get(id(each), each) for key, each in kwargs.items()}
            result: Tensor = func(*(others.get(id(each), each) for each in args), **named)
            return result

        if name in ("conv2d", "linear") and len(on_the_way) == 1:
            return self._weighted(name, answer, dict(zip(_CONVOLUTION, args, strict=False)) | kwargs)
        if name == "batch_norm":
            return self._normed(answer, dict(zip(_NORM, args, strict=False)) | kwargs)
        if name in _SUMS:
            return _handed_on(answer, lambda relevance: _shares([(first, answer)], relevance), first)
        if name in _ADDITIONS and len(on_the_way) == 2 and "alpha" not in kwargs:
            both = [(each, lambda value: value) for each in on_the_way]
            return _handed_on(answer, lambda relevance: _shares(both, relevance), *on_the_way)
        if name in _ACTIVATIONS or (name in _ARITHMETIC and len(on_the_way) == 1):
            return _handed_on(answer, lambda relevance: [relevance.sum_to_size(first.shape)], first)
        result = func(*args, **kwargs)
        if any(_depends(each) for each in _flat([result])):
            raise InputError(f"LRP has no rule for {name} in {self.modules[-1]}; {_SERVED}")
        return result

    def _weighted(self, name: str, answer: Callable[..., Tensor], given: dict[str, Any]) -> Tensor:
        """A convolution or a linear layer."""
        values, rest = given["input"], {key: each for key, each in given.items() if key in _CONVOLUTION[3:]}
        call = functional.conv2d if name == "conv2d" else functional.linear
        flat, self.first = self.first, False

        def parts(weight: Tensor, bias: Tensor | None) -> list[Part]:
            def layer(weight: Tensor, bias: Tensor | None) -> Callable[[Tensor], Tensor]:
                return lambda inputs: call(inputs, weight, bias, **rest)

            if flat:
                return [(torch.ones_like(values), layer(torch.ones_like(weight), None))]
            if name == "linear":
                return [(values, layer(weight, bias))]
            positive = (values.clamp(min=0), layer(weight.clamp(min=0), None if bias is None else bias.clamp(min=0)))
            if bool((values >= 0).all()):  # behind a ReLU
                return [positive]
            return [positive, (values.clamp(max=0), layer(weight.clamp(max=0), None))]

        def relevance(value: Tensor) -> list[Tensor]:
            return [_sum(_shares(parts(given["weight"], given.get("bias")), value))]

        output = _handed_on(answer, relevance, values)
        self.latest = (output, parts, given)
        return output

    def _normed(self, answer: Callable[..., Tensor], given: dict[str, Any]) -> Tensor:
        """A norm, merged into the layer whose output it gets."""
        norm: dict[str, Any] = dict.fromkeys(_NORM) | given
        if self.latest is None or self.latest[0] is not norm["input"] or norm["running_mean"] is None:
            return _handed_on(answer, lambda relevance: [relevance], norm["input"])
        _, parts, layer = self.latest
        scale = (norm["running_var"] + norm["eps"]).rsqrt() * (1 if norm["weight"] is None else norm["weight"])
        bias = -norm["running_mean"] if layer.get("bias") is None else layer["bias"] - norm["running_mean"]
        bias = bias * scale + (0 if norm["bias"] is None else norm["bias"])
        weight = layer["weight"] * scale.view(-1, *[1] * (layer["weight"].ndim - 1))

        def relevance(value: Tensor) -> list[Tensor]:
            return [_sum(_shares(parts(weight, bias), value))]

        return _handed_on(lambda _: answer(norm["input"]), relevance, layer["input"])


class _HandedOn(torch.autograd.Function):
    """A function of tensors whose backward pass is a rule."""

    @staticmethod
    def forward(ctx: Any, answer: Callable[..., Tensor], rule: Callable[[Tensor], list[Tensor]], *on: Tensor) -> Tensor:
        ctx.rule = rule
        return answer(*(each.clone() for each in on))  # some write into what they get

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor) -> Any:
        return None, None, *ctx.rule(relevance[0])


def _handed_on(answer: Callable[..., Tensor], rule: Callable[[Tensor], list[Tensor]], *on: Tensor) -> Tensor:
    """The answer to the tensors `on`; what relevance comes back is handed on to them by the rule."""
    result: Tensor = _HandedOn.apply(answer, rule, *on)  # type: ignore[no-untyped-call]
    return result


def _shares(parts: Sequence[Part], relevance: Tensor) -> list[Tensor]:
    """Relevance of a sum of linear functions, handed on to the inputs by what each contributes to the sum."""
    with torch.enable_grad():
        inputs = [values.detach().clone().requires_grad_() for values, _ in parts]
        total = _sum([each(values) for values, (_, each) in zip(inputs, parts, strict=True)])
        whole = total.detach()
        stable = whole + torch.where(whole < 0, -_STABILISER, _STABILISER)
        gradients = torch.autograd.grad(total, inputs, relevance / stable)
    return [values.detach() * gradient for values, gradient in zip(inputs, gradients, strict=True)]


def _sum(tensors: list[Tensor]) -> Tensor:
    return sum(tensors[1:], tensors[0])


def _depends(value: object) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and not isinstance(value, nn.Parameter)


def _flat(values: Any) -> list[Any]:
    return [each for value in values for each in (_flat(value) if isinstance(value, list | tuple) else [value])]
