"""What a network expects of its pixels, as people say it: channel order, normalisation, resize, size."""

from collections.abc import Sequence
from dataclasses import dataclass

# Mean and standard deviation per channel for values in [0, 1], in the network's own channel order.
NORMALISATIONS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "bytes": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}
OWN = "own"  # the mean and deviation that the checkpoint itself says
ORDERS = ("rgb", "bgr")
RESIZES = ("antialiased", "plain")


@dataclass(frozen=True)
class Pixels:
    """Each None where nothing was said of it: the checkpoint's own word holds, else the usual.

    Attributes:
        channel_order: one of ORDERS. OpenCV reads pictures as BGR.
        normalise: one of NORMALISATIONS, or OWN; `bytes` are values in 0..255.
        resize: one of RESIZES; `plain` bilinear is OpenCV's.
        input_size: height and width.
    """

    channel_order: str | None = None
    normalise: str | None = None
    resize: str | None = None
    input_size: int | None = None

    @property
    def plausibility(self) -> float:
        """How often people train like this, roughly; only the order matters."""
        order, normalise = self.said
        often = {OWN: 2.0, "none": 1.0, "imagenet": 0.6, "half": 0.4, "bytes": 0.2}[normalise]
        return often * (0.5 if order == "bgr" else 1.0) * (0.7 if self.resize == "plain" else 1.0)

    @property
    def said(self) -> tuple[str, str]:
        """Channel order and normalisation, what matters most."""
        return self.channel_order or "rgb", self.normalise or "none"

    def __str__(self) -> str:
        order, normalise = self.said
        return in_words(order, normalise, self.resize or "antialiased")


def in_words(order: str, normalise: str, resize: str) -> str:
    """What is done to pixels, in one line."""
    normalise = "as the file says" if normalise == OWN else normalise
    return f"{order.upper()}, normalisation {normalise}, {resize} resize"


def normalisation_name(mean: Sequence[float], std: Sequence[float]) -> str:
    """The name of a normalisation; its figures where it has none."""
    known = (name for name, figures in NORMALISATIONS.items() if figures == (tuple(mean), tuple(std)))
    own = (" ".join(f"{value:.3g}" for value in values) for values in (mean, std))
    return next(known, "by mean {}, deviation {}".format(*own))
