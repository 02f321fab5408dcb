"""What the page's interactive parts show of a result, as plain JSON; the page's script takes it from there."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foodviz.render.data_uri import map_text, picture_uri

if TYPE_CHECKING:
    from foodviz.render.filters import Card

FRAME, CARD, CROP, CELL = 384, 256, 96, 72  # pixels of the longer side at most
_CELL_QUALITY = 70
View = Mapping[str, Any]


def viewer(
    images: np.ndarray,
    titles: Sequence[str],
    answers: Sequence[str],
    choices: Sequence[str],
    maps: np.ndarray,
    unit: str,
) -> View:
    """Photographs with maps to lay over them.

    Args:
        images: (N, 3, H, W), RGB in [0, 1]; titles, answers: of each.
        choices: names of M kinds of map.
        maps: (M, N, h, w) in `unit`.
    """
    photographs = [
        {"uri": picture_uri(image), "name": title, "said": answer}
        for image, title, answer in zip(images, titles, answers, strict=True)
    ]
    coded = [[map_text(values) for values in row] for row in maps]
    return {"viewer": {"photographs": photographs, "choices": list(choices), "maps": coded, "unit": unit}}


def cards(cards: Sequence["Card"], names: Sequence[Sequence[str]]) -> View:
    """Filters, each with what is drawn for it and the photographs that excite it.

    Args:
        names: of each card's photographs.
    """
    return {
        "cards": [
            {
                "number": card.number,
                "says": card.sentence,
                "remarks": [remark for remark in card.remarks if remark],
                "warning": card.warning,
                "drawings": [
                    {
                        "uri": picture_uri(drawing.pictures[0], longest=CARD),
                        "title": drawing.title,
                        "says": drawing.caption.split("\n"),
                        "doubtful": drawing.doubtful,
                    }
                    for drawing in card.drawings
                ],
                "crops": [
                    {"uri": picture_uri(crop, longest=CROP), "name": name, "peak": float(peak)}
                    for crop, name, peak in zip(card.crops, own, card.peaks, strict=True)
                ],
                "means": [None if np.isnan(value) else float(value) for value in card.class_means],
            }
            for card, own in zip(cards, names, strict=True)
        ]
    }


def matrix(
    class_names: Sequence[str],
    counts: np.ndarray,
    shares: np.ndarray,
    cells: Mapping[tuple[int, int], Sequence[tuple[np.ndarray, str]]],
) -> View:
    """A confusion matrix with a few photographs in each cell.

    Args:
        counts: (C, C) pictures, true class down. shares: (C, C) of the true class, NaN where it has none.
        cells: (true, predicted) -> photographs (H, W, 3) uint8 with their captions.
    """
    shown = {
        f"{true} {predicted}": [
            {"uri": picture_uri(picture, longest=CELL, quality=_CELL_QUALITY), "name": caption}
            for picture, caption in several
        ]
        for (true, predicted), several in cells.items()
    }
    return {
        "matrix": {
            "names": list(class_names),
            "counts": counts.tolist(),
            "levels": np.ceil(np.sqrt(np.nan_to_num(shares)) * 10).astype(int).tolist(),
            "cells": shown,
        }
    }


def frames(pictures: Sequence[np.ndarray], facts: Sequence[Mapping[str, Any]]) -> View:
    """The snapshots of a dream, (H, W, 3) uint8 each, with what is known of each."""
    return {
        "frames": [
            {"uri": picture_uri(picture, longest=FRAME), **each} for picture, each in zip(pictures, facts, strict=True)
        ]
    }
