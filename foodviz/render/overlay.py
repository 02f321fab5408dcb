"""A map as a file of its own, in its picture's own size: transparent, and laid over the picture."""

import numpy as np
from matplotlib import colormaps

from foodviz.render.style import colours_of


def overlay(values: np.ndarray, limits: tuple[float, float], colours: str | None, strength: float) -> np.ndarray:
    """The map in colour, the more transparent the nearer to 0.

    Args:
        values: (H, W), or (3, H, W) magnitudes, which are their own colours; NaN is nothing at all.
        limits: ends of the colours, as `style.limits_of` has them.
        colours: name of a matplotlib colour map; None for the usual one.
        strength: opacity at the ends, 0 to 1.

    Returns:
        (H, W, 4) uint8.
    """
    share = np.nan_to_num(values) / limits[1]
    if values.ndim == 3:
        colour = share.clip(0, 1).transpose(1, 2, 0)
        opacity = share.max(0)
    else:
        low = limits[0] / limits[1]
        colour = colormaps[colours_of(limits, colours)]((share - low) / (1 - low))[..., :3]
        opacity = np.abs(share)
    opacity = np.where(np.isnan(values if values.ndim == 2 else values[0]), 0, (1.8 * opacity).clip(0, 1) * strength)
    return (np.concatenate([colour, opacity[..., None]], 2) * 255).round().astype(np.uint8)


def laid_over(picture: np.ndarray, laid: np.ndarray) -> np.ndarray:
    """An overlay (H, W, 4) on its picture (H, W, 3), both uint8, whose colours give way to grey below it."""
    grey = picture.mean(2, keepdims=True)
    opacity = laid[..., 3:] / 255
    below = picture * (1 - opacity) + grey * opacity
    mixed: np.ndarray = (below * (1 - opacity) + laid[..., :3] * opacity).round().astype(np.uint8)
    return mixed
