"""What a network expects of its pixels, as people say it: channel order, normalisation, resize, size."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

Size = tuple[int, int]  # height and width in pixels
Colours = tuple[float, float, float]  # one figure per channel, in the network's own channel order

# Mean and standard deviation per channel for values in [0, 1].
NORMALISATIONS: dict[str, tuple[Colours, Colours]] = {
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "bytes": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}
OWN = "own"  # the mean and deviation that the checkpoint itself declares
ORDERS = ("rgb", "bgr")
RESIZES = ("antialiased", "plain")
_LEAST = 1e-3  # deviation of values in [0, 1] that is still one of pictures, and not 0
SMALLEST, LARGEST = 8, 2048  # sides of the input, pixels


@dataclass(frozen=True)
class Preprocessing:
    """Each None where nothing is requested: what the checkpoint declares holds, else the usual.

    Attributes:
        channel_order: one of ORDERS. OpenCV reads pictures as BGR.
        normalise: one of NORMALISATIONS, or OWN; `bytes` are values in 0..255.
        resize: one of RESIZES; `plain` bilinear is OpenCV's.
        input_size: height and width in pixels.
        figures: mean and deviation that OWN stands for, where they are known.
    """

    channel_order: str | None = None
    normalise: str | None = None
    resize: str | None = None
    input_size: Size | None = None
    figures: tuple[Colours, Colours] | None = None

    @property
    def plausibility(self) -> float:
        """How often people train like this, roughly; only the order matters."""
        order, normalise = self.colours
        often = {OWN: 2.0, "none": 1.0, "imagenet": 0.6, "half": 0.4, "bytes": 0.2}[normalise]
        return often * (0.5 if order == "bgr" else 1.0) * (0.7 if self.resize == "plain" else 1.0)

    @property
    def colours(self) -> tuple[str, str]:
        """Channel order and normalisation, what matters most."""
        return self.channel_order or "rgb", self.normalise or "none"

    def __str__(self) -> str:
        order, normalise = self.colours
        if normalise == OWN:
            normalise = "as the file says" if self.figures is None else _in_figures(*self.figures)
        return f"{order.upper()}, normalisation {normalise}, {self.resize or RESIZES[0]} resize"


def normalisation(mean: Sequence[float], std: Sequence[float]) -> tuple[str, tuple[Colours, Colours] | None]:
    """The name of a normalisation and None; where it has no name, OWN and its figures."""
    for name, figures in NORMALISATIONS.items():
        if figures == (tuple(mean), tuple(std)):
            return name, None
    return OWN, ((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


def figures_of(values: Sequence[object]) -> tuple[Colours, Colours] | None:
    """Mean and deviation that six numbers mean, or two for all three channels; None where they mean none."""
    if len(values) not in (2, 6) or not all(isinstance(each, int | float) for each in values):
        return None
    numbers = [float(each) for each in values if isinstance(each, int | float)]
    half = len(numbers) // 2
    mean, std = (numbers[:half] * (3 // half), numbers[half:] * (3 // half))
    if not all(abs(each) <= 1 for each in mean) or not all(_LEAST <= each <= 1 for each in std):
        return None
    return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])


def size_of(text: str) -> Size | None:
    """Height and width that `128` or `180x320` means; None where it means none, or one out of range."""
    read = re.fullmatch(r"([0-9]{1,4})(?:x([0-9]{1,4}))?", text, re.ASCII)
    if read is None:
        return None
    height, width = int(read[1]), int(read[2] or read[1])
    return (height, width) if all(SMALLEST <= side <= LARGEST for side in (height, width)) else None


def size_text(size: Size) -> str:
    """What `size_of` reads back: one number where the picture is square."""
    height, width = size
    return str(height) if height == width else f"{height}x{width}"


def _in_figures(mean: Colours, std: Colours) -> str:
    own = (" ".join(f"{value:.3g}" for value in values) for values in (mean, std))
    return "by mean {}, deviation {}".format(*own)
