"""A layer and its filters in words, with links to what they name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.printable import printable

if TYPE_CHECKING:
    from foodviz.analysis.atlas.chapters import Chapter
    from foodviz.analysis.atlas.layer import FilterRow

_BARS = 11  # classes in a profile
_LEFT, _WIDE = 90, 126  # of the bars: room for names, and the longest
_NAME = 16  # letters of a class


def about_layer(chapter: Chapter, shared: Mapping[str, Any]) -> str:
    """What the layer is, for the head of its page."""
    layer, facts = chapter.unit.layer, chapter.facts
    parts = [f"{layer.kind}"]
    if facts["convolution"] and facts["convolution"] != layer.name:
        parts[0] += f" behind the convolution {facts['convolution']}"
    parts.append(f"{layer.channels} filters" + (f", {facts['shown']} shown" if facts["shown"] < layer.channels else ""))
    parts.append(f"maps of {layer.height}x{layer.width} cells, each of which depends on {chapter.unit.field} pixels")
    if shared["fed_by"]:
        parts.append(f"fed by layer {shared['fed_by']['number']}")
    if facts["drawn_size"]:
        parts.append("drawn at {}x{} pixels".format(*facts["drawn_size"]))
    parts += [f"{facts[key]} {key}" for key in ("dead", "doubled") if facts[key]]
    if facts["another_way"]:
        go = "pictures go" if facts["another_way"] > 1 else "picture goes"
        parts.append(f"{facts['another_way']} {go} another way than the photographs")
    return "; ".join(parts) + "."


def filter_content(
    row: FilterRow, chapter: Chapter, names: Sequence[str], shown: Mapping[str, Collection[int]]
) -> dict[str, Any]:
    """One filter as the template shows it; `shown` are the filters on each layer's page, by its slug."""
    place = chapter.rows.index(row)
    top = ", ".join(printable(label or file, 24) for label, file in zip(row.labels, row.files, strict=True))
    return {
        "number": row.number,
        "says": row.says,
        "dead": row.dead,
        "doubles": row.doubles,
        "another_way": row.way == "another",
        "drawn": chapter.pictures[place] is not None,
        "order": row.order,
        "cell": row.order,
        "selectivity": row.selectivity,
        "x": round(10 + row.place[0] * 940, 1),
        "y": round(10 + row.place[1] * 500, 1),
        "top": top,
        "bars": _bars(row.means, names),
        "profile": _profile(row.means, names),
        "lines": _lines(row, chapter, names, shown),
    }


def search_words(row: FilterRow, names: Sequence[str]) -> str:
    """What a filter is found by on the first page."""
    kinds = (("dead", row.dead), ("doubled", row.doubles), ("another way", row.way == "another"))
    flags = [word for word, true in kinds if true]
    return ", ".join(
        [*flags, *([row.says] if row.says else []), *(printable(names[each], 32) for each in row.favourites)]
    )


def _lines(
    row: FilterRow, chapter: Chapter, names: Sequence[str], shown: Mapping[str, Collection[int]]
) -> list[dict[str, Any]]:
    def links(named: Sequence[tuple[int, float]], slug: str, form: str) -> list[dict[str, str]]:
        return [
            {
                "href": f"layer-{slug}.html#filter-{number}" if number in shown.get(slug, ()) else "",
                "name": str(number),
                "value": form.format(value),
            }
            for number, value in named
        ]

    if row.dead:
        woken = "; its drawn picture alone wakes it" if row.reached is not None else ": pruning it loses nothing"
        return [_line(f"the same for every photograph{woken}")]
    favourites = " and ".join(printable(names[each], 32) for each in row.favourites)
    lines = [
        _line(row.says),
        _line(f"{f'most for {favourites}; ' if favourites else ''}selectivity {row.selectivity:.2f}"),
    ]
    if row.reached is not None:
        strongest = f"{row.peaks[0]:.2g} to {row.peaks[-1]:.2g}"
        lines.append(_line(f"mean {row.reached:.2g} on its picture; strongest cells of photographs {strongest}"))
    if row.way == "another" and row.scaled is not None:
        lines.append(_line(f"its picture goes another way than the photographs ({row.scaled:.2f}): believe those"))
    lines.append(_line("like", links(row.like, chapter.slug, "{:.2f}")))
    lines.append(_line("least like", links(row.unlike, chapter.slug, "{:.2f}")))
    if row.doubles:
        lines.append(_line("says the same as", links([(each, 1.0) for each in row.doubles], chapter.slug, "")))
    if row.excited_by:
        lines.append(_line("added to by", links(row.excited_by, chapter.fed_by, "{:+.2g}")))
    if row.inhibited_by:
        lines.append(_line("taken from by", links(row.inhibited_by, chapter.fed_by, "{:+.2g}")))
    return lines


def _line(head: str, links: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    return {"head": head, "links": links}


def _largest(means: Sequence[float | None]) -> list[tuple[float, int]]:
    known = [(value, number) for number, value in enumerate(means) if value is not None]
    return sorted(known, key=lambda each: -each[0])[:_BARS]


def _profile(means: Sequence[float | None], names: Sequence[str]) -> str:
    return ", ".join(f"{printable(names[number], 24)} {value:.2g}" for value, number in _largest(means)[:5])


def _bars(means: Sequence[float | None], names: Sequence[str]) -> list[dict[str, Any]]:
    """Bars from a common zero, largest mean first."""
    shown = _largest(means)
    low, high = min((0.0, *(value for value, _ in shown))), max((0.0, *(value for value, _ in shown)))
    scale = _WIDE / ((high - low) or 1.0)
    return [
        {
            "name": printable(names[number], _NAME),
            "x": round(_LEFT + (min(value, 0.0) - low) * scale, 1),
            "width": round(abs(value) * scale, 1),
            "look": "for" if value >= 0 else "against",
        }
        for value, number in shown
    ]
