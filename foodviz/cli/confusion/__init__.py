"""`foodviz confusion`: what the model takes for what over a whole split."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.options import GreedyCommand, data_options, model_options, option, output_options
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.cli.confusion.report import Report
    from foodviz.cli.predictions import Predictions
    from foodviz.cli.run import Run

ERRORS = 12  # pictures in the montage


@click.command(cls=GreedyCommand)
@data_options
@model_options
@output_options
@option("--pair", nargs=2, metavar="TRUE PREDICTED", help="Pictures of one class taken for another, with saliency.")
@option("--duplicates", is_flag=True, help="Look for copies of pictures between the splits of the data.")
def confusion(pair: tuple[str, str] | None, duplicates: bool, **flags: Any) -> None:
    """What the model takes for what, how often, and whether it had seen the pictures before.

    Over the validation split unless --split says otherwise. Answers are kept in the cache: a second call, or one after
    a killed run, does not compute them again.
    """
    from foodviz.cli.run import Run

    run = Run("confusion", default_split="validation", **flags)
    run.check()
    if not run.listing.labelled:
        raise InputError(
            f"--split {run.listing.name}: no labels in {run.listing.data} (its files are neither named <class>_<n> "
            "nor in a folder per class); choose a labelled one, such as --split validation"
        )

    from foodviz.cli.confusion.pair import caption, draw_pair, pair_of
    from foodviz.cli.confusion.report import Report
    from foodviz.cli.leakage import accuracy_gap, seen_in_training
    from foodviz.cli.predictions import predict
    from foodviz.render.confusion import matrix_figure
    from foodviz.render.contact_sheet import montage

    _ = run.class_order  # says how classes were matched
    figures: dict[str, Figure] = {}
    told: dict[str, Any] = {}
    asked = pair_of(pair, run.classifier.class_names) if pair else None
    if duplicates:
        from foodviz.cli.confusion.duplicates import find_duplicates

        told["duplicates"] = find_duplicates(run, figures)
    answers = _labelled(run, predict(run))
    report = Report(answers, [run.listing.names[index] for index in answers.ids], run.classifier.class_names)
    if len(set(answers.labels.tolist())) == 1:
        only = report.class_names[answers.labels[0]]
        run.say(f"all pictures are of one class, {only}: the precision of the classes says nothing")
    seen = seen_in_training(run.classifier, answers.digests)
    gap = accuracy_gap(run, answers) if seen.known is None else None
    known = gap.words(run.listing.name) if gap else seen.words
    alarming = bool(seen.known) or bool(gap and gap.suspicious)
    columns = {"images": report.scores.support, "recall": report.scores.recall}
    columns |= {"precision": report.scores.precision, "F1": report.scores.f1}
    shares = _shares(report)
    figures[""] = matrix_figure(
        report.counts,
        shares,
        report.class_names,
        columns,
        title=f"{run.listing.name}: {report.accuracy_words.partition(',')[0]}",
        notes=[
            "Each cell: images, and their share of the true class. Blue is right, red wrong, on a square-root scale.",
            report.calibration_words[0].upper() + report.calibration_words[1:] + ".",
            "" if alarming else known,
        ],
        warning=known if alarming else "",
    )
    if len(report.errors):
        first = report.errors[:ERRORS]
        figures["errors"] = montage(
            run.read(answers.ids[first].tolist()).images.cpu().numpy(),
            [caption(report, place) for place in first],
            title="The most confident errors",
            notes=[f"{len(first)} of {len(report.errors)} errors: true → predicted, probability of it.", known],
        )
    arrays = {"counts": report.counts, "shares": shares, "ids": answers.ids, "logits": answers.logits}
    if asked:
        told["pair"] = draw_pair(run, report, asked, known, figures, arrays)
    facts = report.facts | {"trained_on": known or None} | told
    run.results.file("confusion.csv", report.write_matrix)
    run.results.file("confusion-predictions.csv", report.write_predictions)
    run.save(figures, arrays, facts)
    if not run.quiet and not flags["json_"]:
        for line in [*report.lines, known, *told.get("duplicates", {}).get("lines", [])]:
            click.echo(line)


def _labelled(run: Run, answers: Predictions) -> Predictions:
    """Without the unlabelled ones, which are counted."""
    known = answers.labels >= 0
    if known.all():
        return answers
    run.say(f"left out {int((~known).sum())} of {len(answers)} pictures that have no label")
    if not known.any():
        raise InputError(f"--split {run.listing.name}: no labelled picture can be read")
    return dataclasses.replace(
        answers,
        ids=answers.ids[known],
        labels=answers.labels[known],
        logits=answers.logits[known],
        digests=tuple(digest for digest, keep in zip(answers.digests, known, strict=True) if keep),
    )


def _shares(report: Report) -> np.ndarray:
    from foodviz.metrics.confusion import row_shares

    return row_shares(report.counts)
