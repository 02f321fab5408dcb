"""What the page shows of a section, gathered from the files that its command wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from foodviz.render import sentences as readings
from foodviz.render.data_uri import figure_uri, map_text, picture_uri

Facts = Mapping[str, Any]
FRAME, CARD = 384, 256  # pixels of the longer side at most
NAMED = {"": "", "errors": "the most confident errors", "similar": "which filters answer alike"}
NAMED |= {"pair": "one kind of error", "duplicates": "copies between the splits", "steps": "the climb"}


def gather(command: str, folder: Path, manifest: Facts) -> dict[str, Any]:
    """Figures as data URIs, sentences, and what the interactive part needs; plain JSON.

    Also `files`, which must be there for the section to be taken from its folder again, and `arrays`, digests of the
    raw values by name.
    """
    from foodviz.manifest import array_digests

    pictures = [path for path in folder.glob(f"{command}*.png") if not path.stem.endswith("-final")]
    pictures.sort(key=lambda path: (path.stem != command, path.name))  # the command's own picture first
    dpi = int(manifest.get("settings", {}).get("dpi", 150))
    shown: dict[str, Any] = {
        "figures": [
            {**figure_uri(path, dpi), "title": NAMED.get(_part(path, command), _part(path, command))}
            for path in pictures
        ],
        "files": [path.name for path in (*pictures, folder / f"{command}.json")],
        "reading": [],
    }
    raw = folder / f"{command}.npz"
    if raw.is_file():
        with np.load(raw) as content:
            arrays = {name: content[name] for name in content.files}
        shown["files"].append(raw.name)
        shown["arrays"] = array_digests(arrays)
        key = "class" if command == "lime" and manifest.get("class") else command
        if key in _MORE:
            shown |= _MORE[key](folder, manifest, arrays)
    return shown


def _part(path: Path, command: str) -> str:
    return path.stem.removeprefix(command).removeprefix("-")


def _caption(picture: Facts) -> dict[str, Any]:
    number = f"{picture['id']}  " if picture["id"] >= 0 else ""
    said = f"{picture['label']} → {picture['predicted']}" if picture["label"] else picture["predicted"]
    return {"name": f"{number}{Path(picture['file']).name}", "said": f"{said} {picture['probability']:.0%}"}


def _name(picture: Facts) -> str:
    return f"{picture['id']} {Path(picture['file']).name}" if picture["id"] >= 0 else Path(picture["file"]).name


def region(manifest: Facts, picture: Facts, size: tuple[int, int]) -> tuple[str, np.ndarray]:
    """Where the food of a picture is: its mask, else the middle half; in words, and (H, W) bool."""
    from foodviz.data import open_dataset, open_files

    if picture["id"] < 0:
        return open_files([]).region(None, size)
    return open_dataset(manifest["data"]["data"]).split(manifest["data"]["split"]).region(picture["id"], size)


def _viewer(manifest: Facts, images: np.ndarray, choices: list[str], maps: np.ndarray, unit: str) -> dict[str, Any]:
    """Photographs (N, 3, H, W) and maps (choices, N, h, w) for the overlay."""
    photographs = [
        {"uri": picture_uri(image), **_caption(picture)}
        for image, picture in zip(images, manifest["pictures"], strict=True)
    ]
    return {
        "photographs": photographs,
        "choices": choices,
        "maps": [[map_text(values) for values in row] for row in maps],
        "unit": unit,
    }


def _saliency(_folder: Path, manifest: Facts, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    from foodviz.metrics.localisation import share_on

    reading = []
    maps = arrays["maps"]
    for picture, values in zip(manifest["pictures"], maps, strict=True):
        where, mask = region(manifest, picture, values.shape[-2:])
        reading.append(readings.on_region(_name(picture), *share_on(values, mask), where, "the map"))
    if maps.ndim == 4:
        maps = np.abs(maps).max(1)
    return {
        "reading": reading,
        "viewer": _viewer(manifest, arrays["images"], ["saliency"], maps[None], manifest["unit"]),
    }


def _activations(_folder: Path, manifest: Facts, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    maps = arrays["maps"].swapaxes(0, 1)
    names = [_name(picture) for picture in manifest["pictures"]]
    choices = [f"filter {number}" for number in manifest["filters"]]
    return {
        "reading": readings.excited(manifest["filters"], maps.mean((2, 3)).tolist(), names),
        "viewer": _viewer(manifest, arrays["images"], choices, maps, "the layer's output"),
    }


def _lime(_folder: Path, manifest: Facts, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    from foodviz.metrics.localisation import share_on

    reading, images, maps = [], [], []
    for picture, answer in zip(manifest["pictures"], manifest["explained"], strict=True):
        key, first = answer["picture"], answer["targets"][0]
        painted = arrays[f"weights_{key}"][0][arrays[f"segments_{key}"]]
        images.append(arrays[f"image_{key}"])
        maps.append(painted)
        where, mask = region(manifest, picture, painted.shape)
        lies = readings.on_region(
            _name(picture), *share_on(painted.clip(0, None), mask), where, f"what speaks for {first['class']}"
        )
        fit = readings.lime_fit(first["r2"], first["stable_signs"], answer["superpixels"])
        reading.append(f"{lies} {fit}")
    viewer = _viewer(manifest, np.stack(images), ["LIME"], np.stack(maps)[None], f"{manifest['unit']} per superpixel")
    return {"reading": reading, "viewer": viewer}


def _class(_folder: Path, manifest: Facts, _arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {"reading": [f"{line.rstrip('.')}." for line in manifest["sentences"]]}


def _filters(_folder: Path, manifest: Facts, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    said = manifest.get("scan", {}).get("filters", {})
    reading = [readings.of_filter(number, facts) for number, facts in said.items()]
    similar = manifest.get("similar") or {}
    for key, opposite in (("nearest", False), ("most opposite", True)):
        if key in similar:
            reading.append(readings.alike(*similar[key], opposite=opposite))
    if "crops" not in arrays:
        return {"reading": reading}
    cards = [
        {
            "number": number,
            "picture": picture_uri(arrays["pictures"][place, 0], longest=CARD),
            "says": said[str(number)]["says"],
            "crops": [
                {"uri": picture_uri(crop, longest=96), "name": name}
                for crop, name in zip(arrays["crops"][place], said[str(number)]["top"], strict=True)
            ],
            "means": [None if np.isnan(value) else float(value) for value in arrays["class_means"][place]],
        }
        for place, number in enumerate(manifest["filters"])
    ]
    return {"reading": reading, "cards": cards}


def _confusion(_folder: Path, manifest: Facts, _arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {"reading": readings.confusion(manifest)}


def _dream(folder: Path, manifest: Facts, _arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    from PIL import Image

    frames = []
    for frame in manifest["frames"]:
        with Image.open(folder / "dream-frames" / f"step-{frame['step']:04d}.png") as opened:
            frames.append({"uri": picture_uri(np.asarray(opened.convert("RGB")), longest=FRAME), **frame})
    return {"reading": readings.dream(manifest), "frames": frames}


_MORE: dict[str, Callable[[Path, Facts, Mapping[str, np.ndarray]], dict[str, Any]]] = {
    "saliency": _saliency,
    "activations": _activations,
    "filters": _filters,
    "lime": _lime,
    "class": _class,
    "confusion": _confusion,
    "dream": _dream,
}
