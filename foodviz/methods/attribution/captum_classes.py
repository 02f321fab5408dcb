"""What does a method of captum's say, one that foodviz has not written itself?

Kokhlikyan et al. 2020, "Captum: A unified and generic model interpretability library for PyTorch", arXiv:2009.07896.
A class of captum.attr runs with its own defaults, picture by picture, on a copy of the network whose in-place steps are
not in place. It gets what it demands and foodviz knows: the layer; black baselines; for methods that take pixels
together the squares of a grid of 8 by 8. The seeds are set for captum's own drawing and set back.
"""

import copy
import inspect
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.errors import InputError, nearest, out_of_memory
from foodviz.hooks import evaluating
from foodviz.methods.attribution.gradcam import enlarge
from foodviz.methods.attribution.score import Score, Scored, images_a_pass, logit
from foodviz.methods.hidden import GRID, grid

_REMARK = f"Pixels are taken together in {GRID} by {GRID} squares; hidden ones are black."
# Found by name, and yet of no use here.
_REFUSED = {
    "ShapleyValues": "it would try every order of 64 squares and never end; ShapleyValueSampling draws some",
    "FeaturePermutation": "it exchanges pixels between pictures, of which it gets one at a time",
    "LayerFeaturePermutation": "it exchanges values between pictures, of which it gets one at a time",
}
_GIVEN = {"self", "forward_func", "model", "layer", "inputs", "baselines"}  # of what classes demand


def attribute(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    name: str,
    seeds: Sequence[int],
    layer: nn.Module | None = None,
    score: Score = logit,
) -> Attribution:
    """What captum's class answers for each image.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        name: a class in captum.attr.
        seeds: one per image.
        layer: a module inside, for a class that wants one.
        score: logits and targets -> (N,), what captum's forward function answers.

    Returns:
        (N, 3, H, W) where captum answers for each value, (N, H, W) where it answers for squares, or for a layer's maps,
        which are summed over the channels and enlarged; in captum's own unit.

    Raises:
        InputError: captum is not installed, has no such class, wants what foodviz cannot give, or refuses the network.
    """
    kind, version = _class(name, with_layer=layer is not None), import_module("captum").__version__
    with evaluating(model), torch.no_grad():
        score(model(images[:1]), targets[:1])  # what is wrong with the network itself is no word of captum's
    try:
        scored, layer = copy.deepcopy((Scored(model, score, targets[0]), layer))
    except Exception as error:  # of any kind: what a user's attributes say to being copied
        raise InputError(f"`method` captum:{name}: it works on a copy of the network: {error}") from error
    for module in scored.eval().modules():
        if getattr(module, "inplace", False) is True:
            module.inplace = False  # type: ignore[assignment]
    values, squares = [], "feature_mask" in inspect.signature(kind.attribute).parameters
    for image, target, seed in zip(images, targets, seeds, strict=True):
        scored.target = target
        known = _known(scored, layer, image.detach().clone()[None].requires_grad_())
        with _seeded(seed, images.device), _mended(name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            method = kind(**_arguments(kind, known))
            answer = method.attribute(**_arguments(method.attribute, known))
        answer = answer[0] if isinstance(answer, tuple) else answer
        values.append(_as_map(name, answer, image, squares))
    return Attribution(torch.cat(values), f"the unit of {name} in captum {version}", remarks=(_REMARK,) * squares)


def _class(name: str, *, with_layer: bool) -> Any:
    """The class of that name, which demands nothing that foodviz cannot give."""
    try:
        attr = import_module("captum.attr")
    except ImportError:
        raise InputError(f"`method` captum:{name}: captum is not there; pip install captum") from None
    lacking = {
        key: sorted((_demanded(each) | _demanded(each.attribute)) - _GIVEN)
        for key, each in vars(attr).items()
        if inspect.isclass(each) and issubclass(each, attr.Attribution) and hasattr(each, "attribute")
    }
    if name not in lacking:
        fine = [key for key, missing in lacking.items() if not missing and key not in _REFUSED]
        raise InputError(f"`method` captum:{name}: captum has no such method; {nearest(name, sorted(fine))}")
    if lacking[name]:
        raise InputError(f"`method` captum:{name}: it wants {', '.join(lacking[name])}, which foodviz cannot give")
    if name in _REFUSED:
        raise InputError(f"`method` captum:{name}: {_REFUSED[name]}")
    kind = getattr(attr, name)
    if "layer" in _demanded(kind) and not with_layer:
        raise InputError(f"`method` captum:{name}: it wants a `layer`")
    return kind


def _known(scored: nn.Module, layer: nn.Module | None, pixels: Tensor) -> dict[str, Any]:
    """What a class or its `attribute` may get, by the name that captum has for it."""
    return {
        "forward_func": scored,
        "model": scored,
        "layer": layer,
        "inputs": pixels,
        "baselines": torch.zeros_like(pixels).repeat(2, 1, 1, 1),  # some want several
        "feature_mask": grid(pixels.shape[-2:]).to(pixels.device).expand_as(pixels).contiguous(),
        "internal_batch_size": images_a_pass(pixels),
        "perturbations_per_eval": images_a_pass(pixels),
    }


def _arguments(function: Callable[..., Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the known arguments that the function takes; baselines only where it has no default, which is black."""
    taken = inspect.signature(function).parameters.keys() - ({"baselines"} - _demanded(function))
    return {key: value for key, value in known.items() if key in taken}


def _demanded(function: Callable[..., Any]) -> set[str]:
    """The names of the arguments that it has no defaults for."""
    own = inspect.signature(function).parameters.values()
    return {each.name for each in own if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD}


def _as_map(name: str, answer: Tensor, image: Tensor, squares: bool) -> Tensor:
    """(1, 3, H, W) or, of a layer or of squares, whose colours all have the square's own value, (1, H, W)."""
    answer = answer.detach().to(image.dtype)
    if answer.shape[1:] == image.shape:
        return answer[:, 0] if squares else answer
    if answer.ndim != 4:
        raise InputError(f"`method` captum:{name}: it answers {tuple(answer.shape)} and no map; `layer` names another")
    return enlarge(answer.sum(1), (image.shape[-2], image.shape[-1]))


@contextmanager
def _mended(name: str) -> Iterator[None]:
    """What captum says to a network that it cannot explain, as one line; too little memory stays what it is."""
    try:
        yield
    except Exception as error:  # of any kind: captum's checks are assertions, types and keys
        if out_of_memory(error):
            raise
        said = " ".join(str(error).replace("`", "'").split()) or type(error).__name__  # backticks would be flags
        raise InputError(f"`method` captum:{name}: captum says: {said[:200]}") from error


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Set the generators that captum draws from, which are everybody's, and set them back."""
    own, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(own)
            np.random.set_state(numpys)  # noqa: NPY002
