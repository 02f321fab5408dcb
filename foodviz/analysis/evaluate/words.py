"""What an evaluation comes to: the table in the terminal, and in a sentence which method to use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foodviz.analysis.evaluate.standings import LEVEL
from foodviz.analysis.result import table
from foodviz.metrics.comparison import holm
from foodviz.render.sentences import listed

if TYPE_CHECKING:
    from foodviz.analysis.evaluate.standings import Standings


def sentences(standings: Standings) -> list[str]:
    """Which method to use on this model, or that none is better than knowing nothing; and which not to read."""
    lines = [_choice(standings)]
    if standings.unmoved:
        names = listed([standings.titles[row] for row in standings.unmoved])
        lines.append(f"Not {names}: the maps hardly change with the model's weights, so they do not tell of it.")
    return lines


def _choice(standings: Standings) -> str:
    if standings.lead is None:
        return "Nothing could be compared: hiding everything takes the answer away on none of the pictures."
    column, blind = standings.lead, standings.blind
    leads = standings.means[:, column]
    against = f"{standings.names[blind]} alone {leads[blind]:.2f}"
    count = int(standings.counts[:, column].max())
    if not standings.usable:
        best = standings.best(column)
        return (
            f"None of the {len(standings.methods)} methods beats what knows nothing of the model, as far as {count} "
            f"pictures tell: the best one, {standings.titles[best]}, has a lead of {leads[best]:.2f}, {against}."
        )
    first, *others = standings.usable
    p_values = holm([standings.p(first, row, column) for row in others])
    tied = [standings.titles[row] for row, p in zip(others, p_values, strict=True) if p >= LEVEL]
    low, high = standings.intervals[first, column]
    rest = f"{listed(tied)} cannot be told apart from it" if tied else "no other method comes up to it"
    return (
        f"Use {standings.titles[first]} on this model: lead {leads[first]:.2f} (95% interval {low:.2f} to {high:.2f}, "
        f"{count} pictures), {against}; {rest}."
    )


def lines(standings: Standings) -> list[str]:
    """The table for the terminal: means with half of their interval, * at the best and what is not below it."""
    leading = [set(standings.leading(column)) for column in range(len(standings.measures))]
    rows = [("", *(f"{measure.name} {'↑' if measure.sign > 0 else '↓'}" for measure in standings.measures))]
    for row, title in enumerate(standings.row_titles):
        rows.append((title, *(_cell(standings, row, column, leading) for column in range(len(standings.measures)))))
    return [*table(rows), f"* the best, and what cannot be told apart from it (paired, p ≥ {LEVEL} after Holm)"]


def _cell(standings: Standings, row: int, column: int, leading: Sequence[set[int]]) -> str:
    if not standings.counts[row, column]:
        return "–"
    low, high = standings.intervals[row, column]
    star = "*" if row in leading[column] else ""
    return f"{standings.means[row, column]:.2f} ±{(high - low) / 2:.2f}{star}"
