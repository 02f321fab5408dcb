"""Every picture's figures as rows: CSV always, Parquet where pyarrow is installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from foodviz.analysis.confusion.summary import write_rows

if TYPE_CHECKING:
    from foodviz.analysis.evaluate.standings import Standings
    from foodviz.analysis.evaluate.study import Measured, Study


def files(study: Study, measured: Measured, standings: Standings) -> Mapping[str, Callable[[Path], object]]:
    """Writers by file name."""
    rows = list(of_pictures(study, measured, standings))
    writers: dict[str, Callable[[Path], object]] = {
        "evaluate.csv": lambda path: write_rows(path, of_measures(standings)),
        "evaluate-pictures.csv": lambda path: write_rows(path, rows),
    }
    if find_spec("pyarrow"):
        writers["evaluate-pictures.parquet"] = lambda path: write_parquet(path, rows)
    return writers


def of_measures(standings: Standings) -> Iterator[Sequence[object]]:
    """The names of the columns, then a row for each method or baseline, and measure."""
    yield ["method", "baseline", "measure", "better", "mean", "low", "high", "pictures", "best", "p against best"]
    for row, name in enumerate(standings.names):
        method = row < len(standings.methods)
        for column, measure in enumerate(standings.measures):
            if not standings.counts[row, column]:
                continue
            figures = (standings.means[row, column], *standings.intervals[row, column])
            yield [
                *(name, int(not method), measure.name, "more" if measure.sign > 0 else "less"),
                *(f"{value:.6f}" for value in figures),
                standings.counts[row, column],
                int(row in standings.leading(column)) if method else "",
                f"{standings.apart[row, column]:.6f}" if method else "",
            ]


def of_pictures(study: Study, measured: Measured, standings: Standings) -> Iterator[Sequence[object]]:
    """The names of the columns, then a row for each picture and map; what was not measured is None."""
    names, files = study.subject.classifier.class_names, study.split.names
    yield [
        *("id", "file", "sha256", "label", "predicted", "probability", "target", "method"),
        *(measure.name for measure in standings.measures),
        "verdict",
    ]
    for place, index in enumerate(measured.ids.tolist()):
        label = int(measured.labels[place])
        of_picture = [
            index,
            files[index],
            str(measured.digests[place]),
            names[label] if label >= 0 else None,
            names[int(measured.predicted[place])],
            round(float(measured.confidences[place]), 6),
            names[int(measured.targets[place])],
        ]
        for row, (name, kept) in enumerate(zip(standings.names, standings.places, strict=True)):
            figures = [None if math.isnan(value) else value for value in standings.values[place, row].tolist()]
            yield [*of_picture, name, *figures, str(measured.verdicts[place, kept])]


def write_parquet(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write rows, the first of which names the columns, as a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    names, *body = rows
    columns = list(zip(*body, strict=True))
    parquet.write_table(pyarrow.table(dict(zip(map(str, names), map(list, columns), strict=True))), path)
