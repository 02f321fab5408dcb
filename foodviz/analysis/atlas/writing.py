"""The files of an atlas: pictures first, the pages that show them, and the index last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.atlas.layer import map_by
from foodviz.analysis.atlas.words import about_layer, filter_content, search_words
from foodviz.results import write_bytes

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.atlas.chapters import Chapter, Source
    from foodviz.analysis.atlas.classes import ClassChapter

MOST_BYTES = 2_900_000  # of a layer's page with all its pictures
_SHEET = 0.16  # the share of it that the sheet of all may have
_BEST = 8  # filters of a layer on the first page
_SIDE = 160  # pixels of the pictures of a class


def write_pages(
    first: Path, source: Source, chapters: Sequence[Chapter], classes: Sequence[ClassChapter], how: str
) -> int:
    """Write all pages into one folder, the first one last.

    Args:
        first: where the first page goes; the others, which name it index.html, lie beside it.
        how: what was done, in words, for the foot of each page.

    Returns:
        Bytes in all.

    Raises:
        InputError: the folder cannot be written to.
    """
    from foodviz.manifest import versions
    from foodviz.render.atlas import atlas_page
    from foodviz.render.atlas.sprites import SHEET_CELL, SHEET_COLUMNS

    written = 0

    def write(name: str, content: bytes) -> int:
        nonlocal written
        write_bytes(first.parent / name, content)
        written += len(content)
        return len(content)

    subject = source.subject
    names = subject.classifier.class_names
    sheets = {
        chapter.slug: {"columns": SHEET_COLUMNS, "rows": -(-len(chapter.rows) // SHEET_COLUMNS), "cell": SHEET_CELL}
        for chapter in chapters
    }
    shared = {
        "model": subject.settings.get("model", "a model"),
        "versions": versions(),
        "how": how,
        "example": names[source.classes[0]] if source.classes else "smooth",
        "split": source.split.name,
        "photographs": source.photographs,
        "shown": {chapter.slug: {row.number for row in chapter.rows} for chapter in chapters},
    }
    titles = {
        chapter.slug: {"slug": chapter.slug, "number": int(chapter.slug), "name": chapter.unit.name}
        for chapter in chapters
    }
    slugs = [*titles]
    for place, chapter in enumerate(chapters):
        around = {
            "before": titles[slugs[place - 1]] if place else None,
            "after": titles[slugs[place + 1]] if place + 1 < len(slugs) else None,
            "fed_by": titles.get(chapter.fed_by),
        }
        _write_layer(
            write, chapter, {**shared, **titles[chapter.slug], **around, "count": len(chapters)}, sheets, names
        )
    for place, each in enumerate(classes):
        around = {
            "before": classes[place - 1].title if place else None,
            "after": classes[place + 1].title if place + 1 < len(classes) else None,
        }
        _write_class(write, each, {**shared, **each.title, **around}, chapters, sheets)
    index = {**shared, "kind": "index", "title": "all layers", "about": _about(source), "layers": [], "classes": []}
    index["layers"] = [_in_index(chapter, titles[chapter.slug], sheets[chapter.slug], source) for chapter in chapters]
    index["classes"] = [
        {**each.title, "right": each.right, "pictures": each.pictures, "side": _SIDE} for each in classes
    ]
    data = {
        "layers": [
            {**titles[slug], "columns": SHEET_COLUMNS, "rows": sheets[slug]["rows"], "side": SHEET_CELL}
            for slug in slugs
        ],
        "filters": [
            [place, row.number, search_words(row, names), row.order]
            for place, chapter in enumerate(chapters)
            for row in chapter.rows
        ],
    }
    write("index.html", atlas_page("index", index, data).encode())
    return written


def _write_layer(
    write: Callable[[str, bytes], int],
    chapter: Chapter,
    shared: Mapping[str, Any],
    sheets: Mapping[str, Mapping[str, int]],
    names: Sequence[str],
) -> None:
    from foodviz.render.atlas import atlas_page
    from foodviz.render.atlas.sprites import filter_sprites, sheet

    slug, rows = chapter.slug, chapter.rows
    by_order = sorted(range(len(rows)), key=lambda place: rows[place].order)
    most_of_sheet = int(_SHEET * MOST_BYTES)
    size = write(f"{slug}.webp", sheet([_at_a_glance(chapter, place) for place in by_order], most_of_sheet))
    filters = [filter_content(row, chapter, names, shared["shown"]) for row in rows]
    content = {
        **shared,
        "kind": "layer",
        "title": f"layer {shared['number']}, {chapter.unit.name}",
        "about": about_layer(chapter, shared),
        "map_by": map_by(len(rows)),
        "sheet": sheets[slug],
        "filters": filters,
        "by_likeness": [filters[place] for place in by_order],
    }
    # the page's own length does not depend on how large the sprites are, but for some digits
    size += len(atlas_page("layer", {**content, "sprite": (999, 999)}).encode())
    files, sprite = filter_sprites(chapter.pictures, chapter.crops, max(0, MOST_BYTES - size))
    for row, file in zip(rows, files, strict=True):
        write(f"{slug}/{row.number}.webp", file)
    write(f"layer-{slug}.html", atlas_page("layer", {**content, "sprite": sprite}).encode())


def _at_a_glance(chapter: Chapter, place: int) -> np.ndarray | None:
    """A filter's drawn picture; while it is not drawn its best photograph; none of a dead one that nothing wakes."""
    picture = chapter.pictures[place]
    return chapter.crops[place, 0] if picture is None and not chapter.rows[place].dead else picture


def _write_class(
    write: Callable[[str, bytes], int],
    each: ClassChapter,
    shared: Mapping[str, Any],
    chapters: Sequence[Chapter],
    sheets: Mapping[str, Mapping[str, int]],
) -> None:
    import numpy as np

    from foodviz.render.atlas import atlas_page
    from foodviz.render.atlas.sprites import strip

    blank = np.full((1, 1, 3), 236, np.uint8)
    write(f"class-{each.slug}.webp", strip([blank if each.picture is None else each.picture, *each.photographs], _SIDE))
    known = {(chapter.slug, row.number): row for chapter in chapters for row in chapter.rows}
    filters = [
        {
            "slug": slug,
            "layer": int(slug),
            "number": number,
            "says": known[slug, number].says,
            "cell": known[slug, number].order,
            "sheet": sheets[slug],
        }
        for slug, number in each.filters
    ]
    content = {
        **shared,
        "kind": "class",
        "title": each.name,
        "about": f"{each.right} of {each.pictures} photographs of {shared['split']} are named rightly.",
        "drawn": each.picture is not None,
        "relies_on": each.relies_on,
        "side": _SIDE,
        "filters": filters,
        "errors": [{**vars(error), "words": error.words} for error in each.errors],
    }
    write(f"class-{each.slug}.html", atlas_page("class", content).encode())


def _in_index(chapter: Chapter, title: Mapping[str, Any], sheet: Mapping[str, int], source: Source) -> dict[str, Any]:
    """A layer as the first page names it, with its most selective filters."""
    whole = max(source.subject.classifier.input_size)
    best = sorted((row for row in chapter.rows if not row.dead), key=lambda row: -row.selectivity)[:_BEST]
    layer, facts = chapter.unit.layer, chapter.facts
    counts = [f"{facts[key]} {key}" for key in ("dead", "doubled") if facts[key]]
    return {
        **title,
        "filters": facts["filters"],
        "shown": facts["shown"],
        "maps": f"{layer.height}x{layer.width}",
        "field": chapter.unit.field,
        "input": whole,
        "seen": round(64 * min(1.0, chapter.unit.field / whole), 2),
        "words": ", ".join(counts),
        "sheet": sheet,
        "best": [{"number": row.number, "says": row.says, "cell": row.order} for row in best],
    }


def _about(source: Source) -> str:
    """Model and data in one line."""
    classifier = source.subject.classifier
    origin = classifier.origin
    drawings = " (drawn pictures, not photographs)" if source.split.data == "sample" else ""
    return (
        f"{origin.architecture or type(classifier.network).__name__}, {_layers(len(source.units))}; measured on "
        f"{source.photographs} pictures of {source.split.name} of {source.split.data}{drawings}."
    )


def _layers(count: int) -> str:
    return "1 layer" if count == 1 else f"{count} layers"
