"""Which pictures a layer answers alike: its answers to many of them in two dimensions, coloured by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis.result import Result, settings_of
from foodviz.errors import InputError, require
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from torch import Tensor

    from foodviz.analysis.predictions import Predictions
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.models import Layer

LEAST, MOST = 12, 10_000  # pictures: fewer have no neighbours, more take t-SNE minutes and are no picture


def embedding(
    subject: Subject,
    *,
    layer: str | None = None,
    method: Literal["tsne", "pca"] = "tsne",
    limit: int = 1000,
    perplexity: float = 30.0,
) -> Result:
    """Which pictures a layer answers alike: its answers in two dimensions, coloured by class.

    Maps are averaged over their cells. How well the layer keeps classes apart is measured on the answers themselves;
    how far the picture may be believed stands beside it.

    Args:
        layer: index or dotted name, of maps or not; the last maps where None.
        method: tsne keeps who is near whom, pca the directions in which the answers vary most.
        limit: pictures of the validation split, or the one that was asked for, evenly spread.
        perplexity: tsne: about how many neighbours of each picture count.

    Raises:
        InputError: no such layer or split, or too few pictures.
    """
    given = settings_of(embedding, locals())
    require(LEAST <= limit <= MOST, "limit", limit, f"must be from {LEAST} to {MOST:,}")
    require(method in ("tsne", "pca"), "method", method, "must be tsne or pca")
    require(1 <= perplexity <= 1000, "perplexity", perplexity, "must be from 1 to 1000")
    settings = {**subject.settings, **given}
    split = subject.split("validation")

    from foodviz import models
    from foodviz.analysis.confusion.summary import write_rows
    from foodviz.analysis.predictions import predict
    from foodviz.methods import projection
    from foodviz.metrics import neighbours

    chosen = split.spread(limit)
    if len(chosen) < LEAST:
        raise InputError(f"`data` {split.data}: {printable(split.name)} has {len(chosen)} pictures, {LEAST} are needed")
    classifier = subject.classifier
    at = models.resolve(classifier, layer) if layer is not None else models.last_maps(classifier)
    subject.say(str(at))
    values = _answers(subject, split, chosen, at)
    answers = predict(subject, split, chosen)
    labelled = bool((answers.labels >= 0).any())
    if labelled and not (answers.labels >= 0).all():
        known = answers.labels >= 0
        subject.say(f"left out {int((~known).sum())} of {len(answers)} pictures that have no label")
        values, answers = values[known], answers.labelled()
    classes = answers.labels if labelled else answers.predicted

    kept = None
    if method == "pca":
        places, kept = projection.by_pca(values)
    else:
        places = projection.by_tsne(values, perplexity=perplexity, seed=subject.seed)
    found = {
        "pictures": len(answers),
        "coloured_by": "label" if labelled else "prediction",
        "neighbours_right": neighbours.votes_right(values, classes),
        "commonest_class": _commonest(classes),
        "silhouette": neighbours.silhouette(values, classes),
        "neighbours_kept": neighbours.neighbours_kept(values, places),
        "variance_kept": kept,
        "misnamed": int((~answers.right).sum()) if labelled else None,
    }
    sentence = _sentence(found, at)

    def draw() -> Mapping[str, Figure]:
        from foodviz.render.embedding import embedding_figure

        figure = embedding_figure(
            places,
            classes,
            classifier.class_names,
            None if not labelled else ~answers.right,
            title=f"{'PCA' if method == 'pca' else 't-SNE'} of what {at.name} answers to {len(answers):,} pictures",
            notes=[f"{at}; maps averaged. {_kept_words(found)}", sentence],
        )
        return {"": figure}

    facts = {**subject.facts(split), "layer": str(at), "layer_name": at.name, "embedding": found}
    arrays = {"answers": values, "places": places, "ids": answers.ids, "classes": classes}
    rows = _rows(split, answers, classifier.class_names, places)
    files = {"embedding.csv": lambda path: write_rows(path, rows)}
    lines = [sentence, _kept_words(found)]
    return Result("embedding", settings, arrays, facts, lines, lines, draw, files=files)


def _answers(subject: Subject, split: Split, ids: tuple[int, ...], at: Layer) -> np.ndarray:
    """(N, K) float32, what the layer answers to each picture that can be read; kept in the cache."""
    import torch

    from foodviz import models
    from foodviz.analysis.sweep import sweep
    from foodviz.hooks import run_to
    from foodviz.token_maps import as_maps

    classifier = subject.classifier
    fast = models.fast(classifier, keep=at)
    module = at.of(fast).module

    def work(images: Tensor) -> np.ndarray:
        with torch.inference_mode():
            output = run_to(fast, module, images.to(subject.device))
        maps = as_maps(output, classifier.input_size)
        answer: np.ndarray = (output.flatten(1) if maps is None else maps.mean((2, 3))).float().cpu().numpy()
        return answer

    key = [classifier.identity, subject.device.type, at.name]
    return sweep(subject, split, ids, classifier.input_size, work, kind="embeddings", key=key).values


def _commonest(classes: np.ndarray) -> float:
    import numpy as np

    return float(np.bincount(classes).max() / len(classes))


def _sentence(found: Mapping[str, Any], at: Layer) -> str:
    """How well the layer keeps the classes apart."""
    from foodviz.metrics.neighbours import NEAREST

    whose = "label" if found["coloured_by"] == "label" else "predicted class"
    apart = found["silhouette"]
    return (
        f"In {at.name} the {NEAREST} nearest pictures name the {whose} of {found['neighbours_right']:.1%} of "
        f"{found['pictures']:,} pictures by majority; naming the commonest class would be right on "
        f"{found['commonest_class']:.1%}"
        + ("." if apart is None else f"; silhouette {apart:.2f} (1 apart, 0 touching, below 0 mixed).")
    )


def _kept_words(found: Mapping[str, Any]) -> str:
    """How far the picture shows what is in the layer."""
    share = found["variance_kept"]
    variance = "" if share is None else f"The two axes hold {share:.1%} of the variance. "
    return f"{variance}Neighbours in the picture are so in the layer to {found['neighbours_kept']:.2f} (1: all are)."


def _rows(split: Split, answers: Predictions, names: tuple[str, ...], places: np.ndarray) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("id", "file", "label", "predicted", "probability", "x", "y")]
    for row, (index, label, predicted) in enumerate(
        zip(answers.ids.tolist(), answers.labels.tolist(), answers.predicted.tolist(), strict=True)
    ):
        name = names[label] if label >= 0 else ""
        probability = f"{answers.confidences[row]:.4f}"
        x, y = (f"{each:.4f}" for each in places[row].tolist())
        rows.append((index, split.names[index], name, names[predicted], probability, x, y))
    return rows
