"""The confusion matrix of the page: every cell with a few of its pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from foodviz.errors import InputError

MOST_CLASSES = 30  # larger matrices are a figure only
PICTURES, RIGHT = 4, 2  # of a kind of error, of a class named rightly


def matrix(folder: Path, manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Counts, shares and the most confident pictures of each cell; nothing where there are too many classes."""
    from foodviz.data import open_dataset
    from foodviz.data.pictures import decode
    from foodviz.render.data_uri import picture_uri

    names = [each["name"] for each in manifest["classes"]]
    if len(names) > MOST_CLASSES:
        return {}
    with (folder / "confusion-predictions.csv").open(encoding="utf-8", newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: -float(row["probability"]))
    cells: dict[str, list[dict[str, Any]]] = {}
    listing = open_dataset(manifest["data"]["data"]).split(manifest["data"]["split"])
    for row in rows:
        true, predicted = names.index(row["true"]), names.index(row["predicted"])
        there = cells.setdefault(f"{true} {predicted}", [])
        if len(there) == (RIGHT if true == predicted else PICTURES):
            continue
        try:
            picture = decode(listing.read_bytes(int(row["id"])), row["file"])
        except (InputError, OSError):
            continue
        caption = f"{row['id']} {Path(row['file']).name}, {float(row['probability']):.0%}"
        there.append({"uri": picture_uri(np.asarray(picture), longest=72, quality=70), "name": caption})
    shares = np.nan_to_num(arrays["shares"])
    return {
        "matrix": {
            "names": names,
            "counts": arrays["counts"].tolist(),
            "levels": np.ceil(np.sqrt(shares) * 10).astype(int).tolist(),
            "cells": cells,
        }
    }
