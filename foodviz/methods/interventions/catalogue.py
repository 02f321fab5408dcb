"""The interventions by name, a line each, without torch: what `--help` says and what each is called in a sentence.

An intervention is a change of a region. `grey` changes its usual region, `background:grey` and `picture:grey` another.
Adding one is a function beside this file, a line here and one in `stage`, its test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from foodviz.errors import InputError, nearest

KINDS = {
    "colour": "the colour of the food",
    "texture": "the texture of the food",
    "place": "its place and size",
    "background": "the background",
    "object": "the food being there",
}
"""What is tested, in words."""
REGIONS = {"object": "the food", "background": "the background", "picture": "the picture"}
_LOCAL = ("object", "background", "picture")


@dataclass(frozen=True)
class Change:
    """What is done to a region.

    Attributes:
        kind: what it tests where it changes the object; one of KINDS.
        becomes: what the region then is, as a sentence goes on: `is grey`.
        note: exactly what is done.
        regions: what it can be done to, the usual one first.
        usual: done where nobody says which.
    """

    kind: str
    becomes: str
    note: str
    regions: tuple[str, ...] = _LOCAL
    usual: bool = True


_WHOLE, _BEHIND = ("picture",), ("background",)

# fmt: off
CHANGES: dict[str, Change] = {
    "grey": Change("colour", "is grey", "each pixel its luma (Rec. 601)"),
    "hue120": Change("colour", "has its hue turned by 120°", "turned about the grey axis: red becomes green"),
    "hue240": Change("colour", "has its hue turned by 240°", "turned about the grey axis: red becomes blue"),
    "red": Change("colour", "has no red of its own", "red is the mean of green and blue"),
    "green": Change("colour", "has no green of its own", "green is the mean of red and blue"),
    "blue": Change("colour", "has no blue of its own", "blue is the mean of red and green"),
    "pale": Change("colour", "is half as colourful", "half way to its luma", usual=False),
    "vivid": Change("colour", "is twice as colourful", "twice as far from its luma, cut at the ends", usual=False),
    "dark": Change("colour", "is half as bright", "times 0.5"),
    "bright": Change("colour", "is half as bright again", "times 1.5, cut at white"),
    "blur": Change("texture", "is blurred", "Gaussian, deviation 1/64 of the shorter side"),
    "low-pass": Change("texture", "keeps only what is coarse", "Gaussian, deviation 1/24 of the shorter side"),
    "grain": Change("texture", "is covered with grain", "Gaussian noise of deviation 0.1 is added", usual=False),
    "high-pass": Change("texture", "keeps only what is fine", "less its Gaussian, deviation 1/48 of the side, about its mean colour"),  # noqa: E501
    "shuffled": Change("texture", "is in shuffled patches", "squares of 1/16 of the shorter side change places"),
    "silhouette": Change("texture", "is an outline of one colour", "every pixel its mean colour"),
    "shift": Change("place", "is shifted", "by 1/8 of its sides, in one of eight directions, mirrored at the edge", _WHOLE),  # noqa: E501
    "small": Change("place", "is smaller", "at 70 % about the centre, mirrored at the edge", _WHOLE),
    "large": Change("place", "is larger", "at 140 % about the centre", _WHOLE, usual=False),
    "flip": Change("place", "is mirrored", "left and right change places", _WHOLE),
    "turn": Change("place", "is turned by 90°", "about the centre, mirrored at the edge", _WHOLE),
    "other": Change("background", "is another picture's", "that of a picture of another class, whose own food is filled in", _BEHIND),  # noqa: E501
    "plain": Change("background", "is plain grey", "0.5 everywhere", _BEHIND),
    "gone": Change("object", "is gone", "it and a rim of 1/64 of the side filled in from around", ("object",)),
}
# fmt: on
_USUAL_BEHIND = ("background:grey", "background:blur")


@dataclass(frozen=True)
class Intervention:
    """A change of a region.

    Attributes:
        name: as it is asked for. change: a name in CHANGES. region: one of REGIONS.
    """

    name: str
    change: str
    region: str

    @property
    def kind(self) -> str:
        """What it tests: one of KINDS."""
        return "background" if self.region == "background" else CHANGES[self.change].kind

    @property
    def words(self) -> str:
        """What is then so: `the food is grey`."""
        return f"{REGIONS[self.region]} {CHANGES[self.change].becomes}"


def named(name: str, *, masked: bool = True) -> Intervention:
    """The intervention of that name, `grey` or `background:grey`.

    Args:
        masked: whether it is known where the food is; where it is not, a change of the food is one of the picture.

    Raises:
        InputError: no such change, or none that the region can have.
    """
    region, _, change = name.rpartition(":")
    if change not in CHANGES:
        raise InputError(f"`changes` {name}: no such change; {nearest(change, CHANGES)}")
    possible = CHANGES[change].regions
    if region and region not in possible:
        raise InputError(f"`changes` {name}: {change} is of {' or '.join(possible)}")
    region = region or possible[0]
    if not masked and region != "picture":
        if name != change or "picture" not in possible:
            raise InputError(f"`changes` {name}: without `masks` nothing says where the food is")
        region = "picture"
    return Intervention(name, change, region)


def usual(*, masked: bool = True) -> list[Intervention]:
    """Those done where nobody says which; `masked` as in `named`."""
    names = [name for name, change in CHANGES.items() if change.usual]
    if not masked:
        return [named(name, masked=False) for name in names if "picture" in CHANGES[name].regions]
    behind = names.index("other")
    return [named(name) for name in (*names[:behind], *_USUAL_BEHIND, *names[behind:])]


def known(names: Sequence[str], *, masked: bool = True) -> list[Intervention]:
    """Those of the names, each once; the usual ones without any. Errors and `masked` as in `named`."""
    return [named(name, masked=masked) for name in dict.fromkeys(names)] or usual(masked=masked)
