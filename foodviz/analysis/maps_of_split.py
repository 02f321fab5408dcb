"""The maps of a whole split: a store of all of them, and a page of thumbnails to look through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.map_store import INDEX
from foodviz.analysis.result import Result
from foodviz.methods.attribution import catalogue
from foodviz.metrics.verdict import MARKS
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.map_store import MapStore

SHOWN = 2500  # thumbnails on the page, at most
_ORDERS = {
    "least": "trust, least first",
    "most": "trust, most first",
    "label": "class",
    "unsure": "confidence, least first",
    "sure": "confidence, most first",
}
_LAST = 1e9  # sorts behind every lead


def maps_of_split(store: MapStore, ids: Sequence[int], settings: Mapping[str, Any]) -> Result:
    """Fill the store with the maps of these pictures; the page is drawn when the result is saved.

    Raises:
        InputError: the store holds another run's maps, or cannot be written to.
    """
    rows = store.fill(ids)
    verdicts = Counter(rows["verdicts"].tolist())
    words = ", ".join(f"{verdicts[word]} {word}" for word in MARKS if verdicts[word])
    lines = [
        f"{len(rows['ids']):,} maps by {catalogue.method_of(store.method).title} in {printable(store.folder)}, {INDEX}"
    ]
    lines += [f"trust: {words}"] if words else []
    facts = {
        **store.subject.facts(store.split),
        "method": [store.method],
        "options": {store.method: dict(store.options)},
        "store": store.folder.name,
        "images": len(rows["ids"]),
        "verdicts": {word: verdicts[word] for word in MARKS if verdicts[word]},
    }
    arrays = {name: values for name, values in rows.items() if values.dtype.kind != "U"}
    page = f"{store.folder.name}.html"
    return Result(
        "saliency",
        settings,
        arrays,
        facts,
        lines,
        lines,
        files={page: lambda path: _write_page(path, store, rows)},
    )


def _write_page(path: Path, store: MapStore, rows: Mapping[str, np.ndarray]) -> None:
    from foodviz.render.browse import browse_page

    items = sorted(_items(store, rows), key=lambda item: float(item["least"]))
    orders = _ORDERS if store.trust != "none" else {key: _ORDERS[key] for key in ("label", "unsure", "sure")}
    shown = "all of them" if len(items) == len(rows["ids"]) else f"{len(items):,} of them, evenly spread"
    about = [
        f"{len(rows['ids']):,} pictures of {store.split.name}, {shown}: the picture, and beside it its map, scaled "
        "to its own 99.5 percentile.",
        catalogue.method_of(store.method).note,
    ]
    html = browse_page(f"{catalogue.method_of(store.method).title}: what the answers depend on", about, items, orders)
    path.write_text(html, encoding="utf-8", errors="backslashreplace")


def _items(store: MapStore, rows: Mapping[str, np.ndarray]) -> list[Mapping[str, Any]]:
    """Thumbnails with what is known of each picture, as many as a page holds; one part is in memory at a time."""
    import numpy as np

    from foodviz.data import spread_ids
    from foodviz.data.batch import read
    from foodviz.render.browse import MOST_BYTES, thumbnail

    place_of = {int(index): place for place, index in enumerate(rows["ids"])}
    chosen = set(spread_ids(rows["ids"].tolist(), SHOWN))
    items: list[Mapping[str, Any]] = []
    taken = 0
    for ids, maps in store.maps():
        wanted = [place for place, index in enumerate(ids.tolist()) if index in chosen]
        for index, values in zip(ids[wanted].tolist(), maps[wanted], strict=True):
            picture = read(store.split, [index], store.subject.classifier.input_size).images[0].numpy()
            uri = thumbnail(picture, np.asarray(values, np.float32))
            taken += len(uri)
            if taken > MOST_BYTES:
                return items
            items.append({"uri": uri, **_known(store, rows, place_of[index])})
    return items


def _known(store: MapStore, rows: Mapping[str, np.ndarray], place: int) -> dict[str, Any]:
    """The words below a thumbnail, and what it is sorted by."""
    names = [printable(name, 40) for name in store.subject.classifier.class_names]
    index, label, predicted = (int(rows[name][place]) for name in ("ids", "labels", "predicted"))
    confidence, lead = float(rows["confidences"][place]), float(rows["leads"][place])
    measured = lead == lead  # not NaN
    answer = f"{names[label]} → {names[predicted]}" if label >= 0 else names[predicted]
    verdict = str(rows["verdicts"][place])
    trust = [f"{verdict}, lead {lead:.2f}" if measured else verdict] if verdict else []
    return {
        "words": [
            f"{index} {printable(Path(store.split.names[index]).name, 40)}",
            f"{answer} {confidence:.0%}",
            *trust,
        ],
        "least": lead if measured else _LAST,
        "most": -lead if measured else _LAST,
        "label": round((label if label >= 0 else predicted) + 0.99 * (1 - confidence), 4),
        "unsure": round(confidence, 6),
        "sure": -round(confidence, 6),
    }
