"""Photographs side by side: confident errors, one kind of error with its maps, copies found in two splits."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from foodviz.render.style import bare, colour_bar, heat, new_figure, photograph, titled


def montage(
    images: np.ndarray, captions: Sequence[str], *, title: str, notes: Sequence[str] = (), columns: int = 6
) -> Figure:
    """Photographs (N, 3, H, W), RGB in [0, 1], in rows of at most `columns`, a caption above each."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure = new_figure(max(4.5, 1.75 * columns), 2.3 * rows + 0.8)
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, image, caption in zip(places, images, captions, strict=False):
        photograph(place, image, caption)
    for place in places[len(images) :]:
        bare(place)
    titled(figure, title, notes)
    return figure


def two_maps_figure(
    images: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    captions: Sequence[str],
    names: tuple[str, str],
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Figure:
    """A column per image: photograph, its map for one class, for the other, and the first minus the second.

    A single image lies: what would be its column is a row.

    Both maps of an image share one scale, from 0 to the larger of their maxima; the difference has its own.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        first, second: (N, H, W) magnitudes.
        captions: above each photograph.
        names: of the two classes.
    """
    count = len(images)
    lies = count == 1
    figure = new_figure(9.4, 3.2) if lies else new_figure(max(5.6, 1.85 * count + 1.2), 8.2)
    places = figure.subplots(*((1, 4) if lies else (4, count)), squeeze=False)
    grid = places.T if lies else places
    for column in range(count):
        photograph(grid[0, column], images[column], captions[column])
        top = max(float(first[column].max()), float(second[column].max())) or 1.0
        shown = heat(grid[1, column], first[column] / top, (0.0, 1.0), f"for {names[0]}, max {first[column].max():.2g}")
        heat(grid[2, column], second[column] / top, (0.0, 1.0), f"for {names[1]}, max {second[column].max():.2g}")
        difference = first[column] - second[column]
        most = float(np.abs(difference).max()) or 1.0
        caption = f"{names[0]} - {names[1]}, max {most:.2g}"
        signed = heat(grid[3, column], difference / most, (-1.0, 1.0), caption)
    # The bars stand beside all rows, so that the columns stay in line.
    colour_bar(figure, shown, list(grid[:3].ravel()), "share of the larger maximum of the two")
    colour_bar(figure, signed, list(grid[3]), "share of its maximum")
    titled(figure, title, notes)
    return figure
