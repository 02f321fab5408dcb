"""What cuts photographs into superpixels, and the settings of each; no torch, so that a wrong one shows at once."""

from collections.abc import Mapping
from typing import NamedTuple

from foodviz.errors import InputError, nearest, require

# A sample shows or hides each superpixel: with more, no number of samples that anyone waits for tells about each.
MOST_SUPERPIXELS = 2000


class Setting(NamedTuple):
    """One number that a segmenter takes."""

    argument: str  # its name in scikit-image
    default: float
    least: float
    most: float  # beyond it cutting takes minutes or gigabytes, or nothing changes any more


# slic has the course's values, quickshift lime's own, felzenszwalb what gives about as many superpixels at 128x128.
SEGMENTERS: dict[str, dict[str, Setting]] = {
    "slic": {
        "segments": Setting("n_segments", 100, 1, MOST_SUPERPIXELS),
        "compactness": Setting("compactness", 1.0, 0, 1e6),
        "sigma": Setting("sigma", 1.0, 0, 100),
    },
    "quickshift": {
        "kernel_size": Setting("kernel_size", 4.0, 1, 100),
        "max_distance": Setting("max_dist", 200.0, 0, 1e6),
        "ratio": Setting("ratio", 0.2, 0, 1),
        "sigma": Setting("sigma", 0.0, 0, 100),
    },
    "felzenszwalb": {
        "scale": Setting("scale", 20.0, 0, 1e6),
        "sigma": Setting("sigma", 0.8, 0, 100),
        "min_size": Setting("min_size", 60, 0, 1_000_000),
    },
}
SETTINGS = tuple(dict.fromkeys(name for own in SEGMENTERS.values() for name in own))
"""The names of all of them."""


def arguments(segmenter: str, settings: Mapping[str, float | None]) -> dict[str, float]:
    """What scikit-image's function of that name is called with.

    Args:
        segmenter: one of SEGMENTERS.
        settings: by the names there; None for the default.

    Raises:
        InputError: no such segmenter, a setting that it does not have, or a value out of its range.
    """
    if segmenter not in SEGMENTERS:
        raise InputError(f"`segmenter` {segmenter}: no such segmenter; {nearest(segmenter, SEGMENTERS)}")
    own = SEGMENTERS[segmenter]
    for name, value in settings.items():
        if value is None:
            continue
        if name not in own:
            raise InputError(f"`{name}`: {segmenter} does not have it; {nearest(name, own)}")
        least, most = own[name].least, own[name].most
        require(least <= value <= most, name, value, f"must be from {least:g} to {most:g}")  # NaN is not, either
    values = ((own[name], settings.get(name)) for name in own)
    return {setting.argument: setting.default if value is None else value for setting, value in values}
