"""The interventions by name, a line each, without torch: what `--help` says and what each is called in a sentence.

An intervention is a change of a region. `grey` changes its usual region, `background:grey` and `picture:grey` another.
Adding one is a function beside this file, a line here and one in `stage`, its test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from foodviz.errors import InputError, nearest

KINDS = {
    "colour": "the colour",
    "texture": "the texture",
    "place": "where the food lies, how large and which way round",
    "background": "the background",
    "object": "the food to be there",
}
"""What is tested, in words; colour and texture are some region's."""
REGIONS = {"object": "the food", "background": "the background", "picture": "the picture"}
_LOCAL = ("object", "background", "picture")


@dataclass(frozen=True)
class Change:
    """What is done to a region.

    Attributes:
        kind: what it tests where it changes the object; one of KINDS.
        label: in a heading.
        becomes: what the region then is, as a sentence goes on: `is grey`.
        note: exactly what is done.
        regions: what it can be done to, the usual one first.
        usual: done where nobody says which.
    """

    kind: str
    label: str
    becomes: str
    note: str
    regions: tuple[str, ...] = _LOCAL
    usual: bool = True


_WHOLE, _BEHIND = ("picture",), ("background",)

# fmt: off
CHANGES: dict[str, Change] = {
    "grey": Change("colour", "grey", "is grey", "each pixel its luma (Rec. 601)"),
    "hue120": Change("colour", "hue +120°", "has its hue turned by 120°", "turned about the grey axis: red becomes green"),  # noqa: E501
    "hue240": Change("colour", "hue +240°", "has its hue turned by 240°", "turned about the grey axis: red becomes blue", usual=False),  # noqa: E501
    "red": Change("colour", "no red", "has no red of its own", "red is the mean of green and blue"),
    "green": Change("colour", "no green", "has no green of its own", "green is the mean of red and blue"),
    "blue": Change("colour", "no blue", "has no blue of its own", "blue is the mean of red and green"),
    "pale": Change("colour", "half the colour", "is half as colourful", "half way to its luma", usual=False),
    "vivid": Change("colour", "twice the colour", "is twice as colourful", "twice as far from its luma, cut at the ends", usual=False),  # noqa: E501
    "dark": Change("colour", "half as bright", "is half as bright", "times 0.5"),
    "bright": Change("colour", "brighter", "is half as bright again", "times 1.5, cut at white", usual=False),
    "blur": Change("texture", "blurred", "is blurred", "Gaussian, deviation 1/32 of the shorter side"),
    "low-pass": Change("texture", "only coarse", "keeps only what is coarse", "Gaussian, deviation 1/16 of the shorter side", usual=False),  # noqa: E501
    "grain": Change("texture", "grain", "is covered with grain", "Gaussian noise of deviation 0.1 is added", usual=False),  # noqa: E501
    "high-pass": Change("texture", "only fine", "keeps only what is fine", "less its Gaussian, deviation 1/32 of the side, about its mean colour"),  # noqa: E501
    "shuffled": Change("texture", "shuffled", "is in shuffled patches", "squares of 1/16 of the shorter side change places"),  # noqa: E501
    "silhouette": Change("texture", "outline", "is an outline of one colour", "every pixel its mean colour"),
    "shift": Change("place", "shifted", "is shifted", "by 1/8 of its sides, in one of eight directions, mirrored at the edge", _WHOLE),  # noqa: E501
    "small": Change("place", "smaller", "is smaller", "at 70 % about the centre, mirrored at the edge", _WHOLE),
    "large": Change("place", "larger", "is larger", "at 140 % about the centre", _WHOLE, usual=False),
    "flip": Change("place", "mirrored", "is mirrored", "left and right change places", _WHOLE),
    "turn": Change("place", "turned 90°", "is turned by 90°", "about the centre, mirrored at the edge", _WHOLE),
    "other": Change("background", "another's", "is another picture's", "that of a picture of another class, whose own food is filled in", _BEHIND),  # noqa: E501
    "plain": Change("background", "plain grey", "is plain grey", "0.5 everywhere", _BEHIND, usual=False),
    "gone": Change("object", "gone", "is gone", "it and a rim of 1/64 of the side filled in from around", ("object",)),
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
    def tested(self) -> str:
        """What answers need that change: `the colour of the food`."""
        what = KINDS[self.kind]
        return f"{what} of {REGIONS[self.region]}" if self.kind in ("colour", "texture") else what

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
