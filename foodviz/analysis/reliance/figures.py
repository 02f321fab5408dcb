"""The figures of `reliance`: the table, examples of what was done, and the masks where they are a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from foodviz.analysis.reliance import words
from foodviz.analysis.reliance.summary import Summary, ranked
from foodviz.data import spread_ids
from foodviz.methods.interventions.catalogue import CHANGES
from foodviz.printable import printable
from foodviz.render import reliance as drawn
from foodviz.render.style import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foodviz.analysis.reliance.passes import Pass
    from foodviz.methods.interventions.catalogue import Intervention

ROWS, COLUMNS, MASKS = 6, 8, 16  # of the examples; pictures whose masks are shown
_HEADINGS = {"place": "place and size", "background": "background", "object": "food"}


def makers(one_pass: Pass, summary: Summary) -> Mapping[str, Callable[[], Figure]]:
    """Figures by name, each drawn when it is asked for."""
    made = {"": lambda: _table(one_pass, summary), "examples": lambda: _examples(one_pass, summary)}
    return {**made, "masks": lambda: _masks(one_pass, summary)} if summary.guessed else made


def _table(one_pass: Pass, summary: Summary) -> Figure:
    groups = [summary.all, *summary.classes] if len(summary.classes) > 1 else summary.classes
    changes = [CHANGES[each.change] for each in summary.interventions]
    return drawn.kept_figure(
        np.array([[each.share_kept for each in group.effects] for group in groups]),
        np.array([[each.none for each in group.effects] for group in groups]),
        [group.name for group in groups],
        [group.named for group in groups],
        [change.label for change in changes],
        [_kind(each) for each in summary.interventions],
        title=f"What the model relies on: % of the {'rightly named ' * summary.labelled}pictures that keep their name",
        notes=[
            "The redder, the more answers hang on what was changed. Pale figures may be chance.",
            *words.notes(summary, one_pass.chosen),
        ],
    )


def _kind(intervention: Intervention) -> str:
    """Whose heading a column stands under."""
    of_food = " of the food" if intervention.region == "object" else ""
    return _HEADINGS.get(intervention.kind, f"{intervention.kind}{of_food}")


def _examples(one_pass: Pass, summary: Summary) -> Figure:
    rows, columns = _rows(summary), _columns(summary)
    names, answers = summary.class_names, summary.answers
    batch = one_pass.chosen.read([int(answers.ids[row]) for row in rows])
    stage, _ = one_pass.stage(batch, torch.from_numpy(answers.targets[rows]))
    changed = [stage.images, *(stage.changed(summary.interventions[column]).images for column in columns)]
    strips = torch.stack(changed, 1).cpu().numpy()
    shown = [0, *(column + 1 for column in columns)]
    return drawn.examples_figure(
        list(strips),
        [None] * len(rows) if stage.masks is None else list(stage.masks.cpu().numpy()),
        [
            [f"{short(names[answers.predicted[row, each]], 16)} {answers.confidence[row, each]:.0%}" for each in shown]
            for row in rows
        ],
        [[bool(answers.predicted[row, each] != answers.targets[row]) for each in shown] for row in rows],
        ["as it is", *(_heading(summary, column) for column in columns)],
        title="The same pictures before and after",
        notes=["Below each picture the answer and its probability, red where it is not the picture's name."],
    )


def _heading(summary: Summary, column: int) -> str:
    intervention = summary.interventions[column]
    region = {"object": "food", "background": "background", "picture": "picture"}[intervention.region]
    return f"{region}:\n{CHANGES[intervention.change].label}"


def _rows(summary: Summary) -> list[int]:
    """Pictures to show: all of a few; else rightly named ones, evenly spread over the classes, or over the only one."""
    answers = summary.answers
    if len(answers.ids) <= ROWS:
        return list(range(len(answers.ids)))
    right = answers.predicted[:, 0] == answers.targets
    classes = [group.rows[right[group.rows]].tolist() for group in summary.classes]
    classes = [rows for rows in classes if rows] or [list(range(len(answers.ids)))]
    if len(classes) == 1:
        return list(spread_ids(classes[0], ROWS))
    return [spread_ids(classes[place], 1)[0] for place in spread_ids(range(len(classes)), ROWS)]


def _columns(summary: Summary) -> list[int]:
    """What is shown: the strongest of each kind, then the next strongest, in the catalogue's order."""
    names = [each.name for each in summary.interventions]
    order = dict.fromkeys(each.intervention.name for each in (*summary.all.strongest, *ranked(summary.all.effects)))
    return sorted(names.index(name) for name in list(order)[: COLUMNS - 1])


def _masks(one_pass: Pass, summary: Summary) -> Figure:
    ids = [int(index) for index in summary.answers.ids[summary.answers.estimated]]
    shown = spread_ids(ids, MASKS)
    batch = one_pass.chosen.read(shown)
    masks, _ = one_pass.chosen.objects(batch.images, shown)
    return drawn.masks_figure(
        batch.images.cpu().numpy(),
        masks,
        [printable(name.rpartition("/")[2], 20) for name in batch.names],
        title="Where the food was taken to be",
        notes=[f"{len(shown)} of {len(ids)} pictures whose mask was estimated from the colours."],
    )
