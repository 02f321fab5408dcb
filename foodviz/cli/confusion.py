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

    from foodviz.cli.confusion_report import Report
    from foodviz.cli.predictions import Predictions
    from foodviz.cli.run import Run

ERRORS = 12  # pictures in the montage
PAIR = 6  # pictures of one kind of error


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
            f"--split {run.listing.split}: no labels in {run.listing.data} (its files are neither named <class>_<n> "
            "nor in a folder per class); choose a labelled one, such as --split validation"
        )

    from foodviz.cli.confusion_report import Report
    from foodviz.cli.leakage import accuracy_gap, seen_in_training
    from foodviz.cli.predictions import predict
    from foodviz.render.confusion import matrix_figure
    from foodviz.render.contact_sheet import montage

    _ = run.class_order  # says how classes were matched
    answers = _labelled(run, predict(run))
    report = Report(answers, [run.listing.names[index] for index in answers.ids], run.classifier.class_names)
    if len(set(answers.labels.tolist())) == 1:
        only = report.class_names[answers.labels[0]]
        run.say(f"all pictures are of one class, {only}: the precision of the classes says nothing")
    seen = seen_in_training(run.classifier, answers.digests)
    gap = accuracy_gap(run, answers) if seen.known is None else None
    known = gap.words(run.listing.split) if gap else seen.words
    alarming = bool(seen.known) or bool(gap and gap.suspicious)
    columns = {"images": report.scores.support, "recall": report.scores.recall}
    columns |= {"precision": report.scores.precision, "F1": report.scores.f1}
    shares = _shares(report)
    figures: dict[str, Figure] = {
        "": matrix_figure(
            report.counts,
            shares,
            report.class_names,
            columns,
            title=f"{run.listing.split}: {report.accuracy_words.partition(',')[0]}",
            notes=[
                "Each cell: images, and their share of the true class. Blue is right, red is wrong, on a square-root "
                "scale.",
                report.calibration_words[0].upper() + report.calibration_words[1:] + ".",
                "" if alarming else known,
            ],
            warning=known if alarming else "",
        )
    }
    if len(report.errors):
        first = report.errors[:ERRORS]
        figures["errors"] = montage(
            _pixels(run, answers.ids[first]),
            [_caption(report, place) for place in first],
            title="The most confident errors",
            notes=[f"{len(first)} of {len(report.errors)} errors: true → predicted, probability of it.", known],
        )
    arrays = {"counts": report.counts, "shares": shares, "ids": answers.ids, "logits": answers.logits}
    facts = report.facts | {"trained_on": known or None}
    if pair:
        facts["pair"] = _pair(run, report, pair, known, figures, arrays)
    if duplicates:
        from foodviz.cli.duplicates import find_duplicates

        facts["duplicates"] = find_duplicates(run, figures)
    run.results.file("confusion.csv", report.write_matrix)
    run.results.file("confusion-predictions.csv", report.write_predictions)
    run.save(figures, arrays, facts)
    if not run.quiet and not flags["json_"]:
        for line in [*report.lines, known, *facts.get("duplicates", {}).get("lines", [])]:
            click.echo(line)


def _labelled(run: Run, answers: Predictions) -> Predictions:
    """Without the unlabelled ones, which are counted."""
    known = answers.labels >= 0
    if known.all():
        return answers
    run.say(f"left out {int((~known).sum())} of {len(answers)} pictures that have no label")
    if not known.any():
        raise InputError(f"--split {run.listing.split}: no labelled picture can be read")
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


def _pixels(run: Run, ids: np.ndarray) -> np.ndarray:
    images: np.ndarray = run.read(ids.tolist()).images.cpu().numpy()
    return images


def _caption(report: Report, place: int) -> str:
    answers, names = report.predictions, report.class_names
    said = f"{names[answers.labels[place]]} → {names[answers.predicted[place]]} {answers.confidences[place]:.1%}"
    return f"{answers.ids[place]}  {report.names[place]}\n{said}"


def _pair(
    run: Run,
    report: Report,
    asked: tuple[str, str],
    known: str,
    figures: dict[str, Figure],
    arrays: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Add the figure and maps of the pictures of one class taken for another; what the manifest says of them."""
    import torch

    from foodviz import models
    from foodviz.cli.classes import find_class
    from foodviz.methods.saliency import input_gradient, reduce_colours
    from foodviz.render.contact_sheet import two_maps_figure

    true, predicted = (find_class(name, report.class_names, "--pair") for name in asked)
    names = report.class_names[predicted], report.class_names[true]
    if true == predicted:
        raise InputError(f"--pair {asked[0]} {asked[1]}: give two different classes")
    places = report.of_pair(true, predicted)
    count = f"{len(places)} of {report.scores.support[true]} images of {names[1]} are taken for {names[0]}"
    if not len(places):
        run.say(f"--pair: {count}; there is nothing to draw")
        return {"true": names[1], "predicted": names[0], "ids": []}
    shown = places[:PAIR]
    images = run.read(report.predictions.ids[shown].tolist()).images
    model = models.speed_up(run.classifier)
    maps = [
        reduce_colours(input_gradient(model, images, torch.full((len(shown),), target, device=images.device)))
        .cpu()
        .numpy()
        for target in (predicted, true)
    ]
    figures["pair"] = two_maps_figure(
        images.cpu().numpy(),
        maps[0],
        maps[1],
        captions=[_caption(report, place) for place in shown],
        names=names,
        title=f"{names[1]} taken for {names[0]}: where the two logits depend on the picture",
        notes=[
            f"{count}; the {len(shown)} most confident. Gradient magnitude in logits per unit of pixel intensity; "
            "both maps of an image share one scale.",
            known,
        ],
    )
    arrays |= {"pair_for_predicted": maps[0], "pair_for_true": maps[1]}
    return {"true": names[1], "predicted": names[0], "ids": report.predictions.ids[places].tolist()}
