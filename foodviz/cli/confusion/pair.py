"""`confusion --pair`: the pictures of one class taken for another, and what each of the two logits looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from foodviz.data.class_names import find_class
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.cli.confusion.report import Report
    from foodviz.cli.run import Run

SHOWN = 6  # pictures


def pair_of(asked: tuple[str, str], class_names: Sequence[str]) -> tuple[int, int]:
    """The true and the predicted class that two words mean.

    Raises:
        InputError: no such class, or one class twice.
    """
    true, predicted = (find_class(name, class_names, "pair") for name in asked)
    if true == predicted:
        raise InputError(f"--pair {asked[0]} {asked[1]}: give two different classes")
    return true, predicted


def draw_pair(
    run: Run,
    report: Report,
    pair: tuple[int, int],
    known: str,
    figures: dict[str, Figure],
    arrays: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Add the figure and the maps of the most confident pictures of the pair; what the manifest says of them.

    Args:
        pair: true and predicted class.
        known: what is known of the pictures having been trained on.
    """
    import torch

    from foodviz import models
    from foodviz.methods.saliency import input_gradient, reduce_colours
    from foodviz.render.contact_sheet import two_maps_figure

    true, predicted = pair
    names = report.class_names[predicted], report.class_names[true]
    places = report.of_pair(true, predicted)
    facts: dict[str, Any] = {"true": names[1], "predicted": names[0], "ids": report.predictions.ids[places].tolist()}
    count = f"{len(places)} of {report.scores.support[true]} images of {names[1]} are taken for {names[0]}"
    if not len(places):
        run.say(f"--pair: {count}; there is nothing to draw")
        return facts
    shown = places[:SHOWN]
    batch = run.read(report.predictions.ids[shown].tolist())
    model = run.__dict__["classifier"] = models.fast(run.classifier)
    maps = []
    for target in (predicted, true):
        targets = torch.full((len(shown),), target, device=batch.images.device)
        maps.append(reduce_colours(input_gradient(model, batch.images, targets)).cpu().numpy())
    figures["pair"] = two_maps_figure(
        batch.images.cpu().numpy(),
        maps[0],
        maps[1],
        captions=[caption(report, place) for place in shown],
        names=names,
        title=f"{names[1]} taken for {names[0]}: where the two logits depend on the picture",
        notes=[
            f"{count}; the {len(shown)} most confident. Gradient magnitude in logits per unit of pixel intensity.",
            "Both maps of an image share one scale. Red in the difference: the predicted class depends on it more.",
            known,
        ],
    )
    arrays |= {"pair_for_predicted": maps[0], "pair_for_true": maps[1]}
    return facts


def caption(report: Report, place: int) -> str:
    """Id and file, true class, predicted class with its probability."""
    answers, names = report.predictions, report.class_names
    said = f"{names[answers.labels[place]]}\n→ {names[answers.predicted[place]]} {answers.confidences[place]:.1%}"
    return f"{answers.ids[place]}  {report.names[place]}\n{said}"
