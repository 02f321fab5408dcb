"""Colours as people write them."""

from PIL import ImageColor


def colour(text: str) -> tuple[float, float, float] | None:
    """RGB in [0, 1] of a name or number such as `grey`, `#808080`, `rgb(10%, 20%, 30%)`; None where it is no colour."""
    try:
        red, green, blue = (value / 255 for value in ImageColor.getrgb(text)[:3])
    except ValueError:
        return None
    return (red, green, blue) if min(red, green, blue) >= 0 and max(red, green, blue) <= 1 else None
