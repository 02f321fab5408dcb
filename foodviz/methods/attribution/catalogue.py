"""The attribution methods by name, one line each, without torch: what `--help` says and what each takes.

The method `some-name` is `attribute` in some_name.py, `some++` in some_plus_plus.py. Adding one is that file, a line
here, its test, a README line.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foodviz.errors import InputError, UsageError, require

MOST = 1_000_000  # of anything: more would run for days


@dataclass(frozen=True)
class Option:
    """An option of a method's own.

    Attributes:
        name: of the parameter of its `attribute`.
        default: its value there; its type is the option's, None for a text without a default.
        help: in a few words.
        least, most: the smallest and the largest number it takes. choices: the words that it takes.
    """

    name: str
    default: int | float | str | None
    help: str
    least: float = 0
    most: float = MOST
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        title: in a heading. note: what a large value means, below the figure.
        options: its own. needs: what else its `attribute` wants: `seeds`, `layer`, `name`, `hide` (the way to hide),
            `hidden` (what the pictures show where they are hidden).
        reduce: what is done to its colours unless told otherwise.
    """

    title: str
    note: str
    options: tuple[Option, ...] = ()
    needs: tuple[str, ...] = ()
    reduce: str = "max"


_LAYER = Option("layer", None, "index or dotted name.  [default: the last maps]")

# fmt: off
METHODS: dict[str, Method] = {
    "gradient": Method("Gradient", "A large value: the score would change most were this pixel changed a little."),
    "input-x-gradient": Method("Input × gradient", "Gradient times picture: what each pixel adds, to first order; dark pixels count little whatever they show.", reduce="sum"),  # noqa: E501
    "guided-backprop": Method("Guided backprop", "Take care: it shows edges of the picture whatever was learned; with the model's last layers drawn anew it is almost the same (Adebayo 2018)."),  # noqa: E501
    "smoothgrad": Method("SmoothGrad", "Gradients of noisy copies, averaged: less grain than one gradient.", (Option("samples", 25, "noisy copies", 1), Option("noise", 0.15, "deviation as a share of the pixel range", 0, 10)), ("seeds",)),  # noqa: E501
    "integrated-gradients": Method("Integrated gradients", "What each pixel adds to the score on the way from a black picture to this one.", (Option("steps", 64, "points on the path", 1),), reduce="sum"),  # noqa: E501
    "deeplift": Method("DeepLIFT", "What each pixel adds to the score between a black picture and this one, step by step of the network.", reduce="sum"),  # noqa: E501
    "gradcam": Method("Grad-CAM", "Regions of the layer's maps that speak for the class; coarser than the other methods.", (_LAYER,), ("layer",)),  # noqa: E501
    "gradcam++": Method("Grad-CAM++", "Regions of the layer's maps that speak for the class, each of several such things, too.", (_LAYER,), ("layer",)),  # noqa: E501
    "layercam": Method("LayerCAM", "Cells of the layer's maps that speak for the class, each by its own gradient: finer the shallower the layer.", (_LAYER,), ("layer",)),  # noqa: E501
    "scorecam": Method("Score-CAM", "The layer's maps, each weighted by what the score is where it lets the picture through; no gradients.", (_LAYER,), ("layer",)),  # noqa: E501
    "occlusion": Method("Occlusion", "The score falls where a patch covers the picture: above 0 what speaks for the class, below 0 what speaks against it.", (Option("patch", 0.2, "side of the patch as a share of the picture's", 0.01, 1), Option("stride", 0.05, "from patch to patch, the same way", 0.005, 1)), ("hidden",)),  # noqa: E501
    "lime": Method("LIME", "What showing a superpixel adds to the score, by a straight line fitted around the picture; the command of that name draws more.", (), ("seeds", "hide")),  # noqa: E501
    "lrp": Method("LRP", "What each pixel contributes to the score, passed back layer by layer: above 0 for, below 0 against it.", reduce="sum"),  # noqa: E501
    "attention-rollout": Method("Attention rollout", "Where the attention of all layers comes from: the same for every class, blind to what is done with it. Transformers only."),  # noqa: E501
    "transformer-attribution": Method("Transformer attribution", "Patches that raise the score by being attended to, through all layers. Transformers only."),  # noqa: E501
    "rise": Method("RISE", "Copies of the picture with random parts hidden score higher where they show this pixel (above 0), or lower (below 0).", (Option("samples", 0, "masks; 0: until the map has settled, 4000 at most"), Option("cells", 7, "of a mask along each side", 1, 32)), ("seeds", "hidden")),  # noqa: E501
}
# fmt: on


CAPTUM = "captum:"  # before the name of a class of captum's
_WITH_A_LAYER = re.compile(r"Layer\w+|InternalInfluence|GuidedGradCam")


def method_of(name: str) -> Method:
    """The method of that name; of `captum:Saliency`, say, what is known without captum.

    Raises:
        InputError: no such method.
    """
    if name in METHODS:
        return METHODS[name]
    kind = name.removeprefix(CAPTUM)
    if kind == name:
        raise InputError(f"`method` {name}: there are {_listed(METHODS)}, {CAPTUM}<class>")
    if not (kind.isascii() and kind.isidentifier()):  # a name may come from a manifest: it must name no more than that
        raise InputError(f"`method` {name}: behind the colon stands a class of captum.attr, such as Saliency")
    layered = bool(_WITH_A_LAYER.fullmatch(kind))
    note = "As captum computes it, by its defaults."
    return Method(f"captum's {kind}", note, (_LAYER,) * layered, ("name", "seeds", *(["layer"] * layered)), "sum")


def module_of(name: str) -> str:
    """The dotted name of the file that holds a method."""
    if name.startswith(CAPTUM):
        return "foodviz.methods.attribution.captum_classes"
    return f"foodviz.methods.attribution.{name.replace('-', '_').replace('++', '_plus_plus')}"


def options() -> dict[str, list[tuple[str, Option]]]:
    """Every option's name -> the methods that have it, and what it is there."""
    found: dict[str, list[tuple[str, Option]]] = {}
    for name, method in METHODS.items():
        for option in method.options:
            found.setdefault(option.name, []).append((name, option))
    return found


def chosen_of(names: Sequence[str], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The options that each of several methods runs with; an option goes to every one that has it.

    Raises:
        InputError: as `chosen`; an option is refused that none of them has.
    """
    options_of = {name: {option.name for option in method_of(name).options} for name in names}
    anywhere = set().union(*options_of.values())
    return {
        name: chosen(name, {key: value for key, value in given.items() if key in own or key not in anywhere})
        for name, own in options_of.items()
    }


def chosen(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a method runs with: those given, else its defaults.

    Args:
        given: option -> value, None where nothing was said.

    Raises:
        InputError: no such method, an option of another one, or a value that it does not take.
    """
    own = {option.name: option for option in method_of(name).options}
    for key, value in given.items():
        if value is None:
            continue
        if key not in own:
            theirs = [method for method, _ in options().get(key, [])]
            raise UsageError(f"`{key}` belongs to `method` {_listed(theirs)}, not to {name}")
        option = own[key]
        if option.choices:
            require(value in option.choices, key, value, f"there are {_listed(option.choices)}")
        if isinstance(option.default, (int, float)):
            fine = option.least <= value <= option.most
            require(fine, key, value, f"must be from {option.least:g} to {option.most:,.7g}")
    return {key: option.default if given.get(key) is None else given[key] for key, option in own.items()}


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(names)
