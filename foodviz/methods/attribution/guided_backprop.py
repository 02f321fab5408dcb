"""What is the gradient where every ReLU lets only positive gradients back?

Springenberg, Dosovitskiy, Brox, Riedmiller 2014, "Striving for Simplicity: The All Convolutional Net", arXiv:1412.6806,
section 3.4. Its maps show edges of the picture more than what was learned: they hardly change when a model's last
layers are drawn anew (Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv:1810.03292).

Deviation: what is cut off at 0 and elsewhere like a ReLU is treated as one: ReLU6, `clamp(min=0)`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.errors import InputError
from foodviz.hooks import Intercepted, function_name
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.score import Score, logit, unit_of

# What a network may have in a ReLU's stead, to be named where there is none.
_OTHERS = {"gelu", "silu", "mish", "hardswish", "elu", "selu", "leaky_relu", "prelu", "sigmoid", "tanh", "softplus"}


def attribute(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Attribution:
    """The gradient through ReLUs that let only positive gradients back; arguments as in `gradient.input_gradient`.

    Returns:
        (N, 3, H, W), signed, in units of the score per unit of pixel intensity.

    Raises:
        InputError: the network calls no ReLU.
    """
    with _guided() as called:
        values = input_gradient(model, images, targets, score=score)
    if "relu" not in called:
        theirs = ", ".join(sorted(called)) or "no activation that is known"
        raise InputError(f"`method` guided-backprop: it needs a network with ReLUs, this one has {theirs}")
    return Attribution(values, f"{unit_of(score)} per unit of pixel intensity")


@contextmanager
def _guided() -> Iterator[set[str]]:
    """Guide every ReLU that is called inside the block; the activations that were called are collected."""
    called: set[str] = set()

    def answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        output = function(*args, **kwargs)
        name = function_name(function)
        if _is_relu(name, args, kwargs):
            called.add("relu")
            if output.requires_grad:  # an in-place ReLU's, too: the hook is for the values as they are now
                output.register_hook(lambda gradient: gradient.clamp(min=0))
        elif name in _OTHERS:
            called.add(name)
        return output

    with Intercepted(answer):
        yield called


def _is_relu(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if name in ("clamp", "clamp_min", "hardtanh"):  # nn.ReLU6 calls the last one
        bounds = [*args[1:], *(kwargs[key] for key in ("min", "min_val") if key in kwargs)]
        only_below = name == "hardtanh" or (len(args) < 3 and kwargs.get("max") is None)
        return only_below and bool(bounds) and isinstance(bounds[0], int | float) and bounds[0] == 0
    return name in ("relu", "relu6")
