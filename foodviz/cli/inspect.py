"""`foodviz inspect`: what a checkpoint is, and proof that it is read right."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.options import GreedyCommand, data_options, model_options, option
from foodviz.errors import InputError

if TYPE_CHECKING:
    import torch

    from foodviz.cli.proof import Rated
    from foodviz.cli.trust import Labelled
    from foodviz.models import Classifier
    from foodviz.models.loading import Score


@click.command(cls=GreedyCommand)
@data_options
@model_options
@option("--count", type=click.IntRange(11), default=165, help="Labelled pictures to rate the best readings on.")
@option("--few", type=click.IntRange(11), default=33, help="Labelled pictures to rate every reading on.")
@option("--save", type=click.Path(dir_okay=False), help="Write the best reading as a config file for --config.")
@option("--json", "json_", is_flag=True, help="Print JSON instead of the table.")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def inspect(save: str | None, json_: bool, quiet: bool, few: int, **flags: Any) -> None:
    """What a checkpoint is, and proof that it is read right.

    The model classifies labelled pictures of the validation split under every usual reading: RGB and BGR, each
    normalisation, each resize. The one that is right most often is what every other command should be told; --save
    writes it down.
    """
    model = flags["model"]
    if model != "sample" and not Path(model).expanduser().is_file():
        raise InputError(f"--model {model}: no such file")

    from foodviz.cli.trust import labelled
    from foodviz.data import open_dataset
    from foodviz.devices import choose_device
    from foodviz.memory import keep_freed_memory

    keep_freed_memory()
    listing = open_dataset(flags["data"]).split(flags["split"] or "validation")
    pictures = labelled(listing, flags["count"])
    classifier, ratings = _proven(flags, choose_device(flags["device"]), pictures, few)
    found = _described(classifier, flags, ratings, pictures)
    if json_:
        click.echo(json.dumps(found, indent=2))
    elif not quiet:
        click.echo("\n".join(_lines(found)))
    if save:
        from foodviz.results import write_bytes

        write_bytes(Path(save), _config(found).encode())
        if not (json_ or quiet):
            click.echo(f"{save} written: foodviz --config {save} saliency reads the model so")


def _proven(
    flags: dict[str, Any], device: torch.device, pictures: Labelled | None, few: int
) -> tuple[Classifier, list[Rated]]:
    """The classifier under the best reading, and all readings.

    Where the architecture is guessed, too: first the pixels for the likeliest guess, then the architecture for these
    pixels, then again the pixels.
    """
    from foodviz import models
    from foodviz.cli.proof import rate_readings, rate_sizes
    from foodviz.cli.trust import FEW
    from foodviz.models.speed import channels_last

    pixels = models.Preprocessing(*(flags[key] for key in ("channel_order", "normalise", "resize", "input_size")))
    names = pictures.listing.class_names if pictures else ()

    def load(pixels: models.Preprocessing, score: Score | None = None) -> Classifier:
        return models.load(
            flags["model"],
            arch=flags["arch"],
            device=device,
            class_names=names,
            preprocessing=pixels,
            allow_code=flags["allow_code"],
            score=score,
        )

    classifier = load(pixels)
    if pictures is None:
        return classifier, []
    classifier = channels_last(classifier)
    if classifier.origin.guessed:
        first = rate_readings(classifier, pictures, few, finalists=0)[0][1]
        best = dataclasses.replace(first, input_size=pixels.input_size)
        classifier = channels_last(load(best, pictures.few(FEW).remembered))
    ratings = rate_readings(classifier, pictures, few)
    if not flags["input_size"] and not classifier.origin.guessed and not classifier.origin.declared.input_size:
        sizes = rate_sizes(classifier, ratings[0][1], pictures, few)
        if sizes and sizes[0][1].input_size != classifier.input_size[0]:
            classifier = models.reread(classifier, sizes[0][1])
            ratings = rate_readings(classifier, pictures, few)
    return models.reread(classifier, ratings[0][1]), ratings


def _described(
    classifier: Classifier, flags: dict[str, Any], ratings: list[Rated], pictures: Labelled | None
) -> dict[str, Any]:
    facts = classifier.facts()
    found = {
        "file": flags["model"],
        "sha256": classifier.sha256,
        "form": facts["form"],
        "architecture": facts["architecture"],
        "architecture_from": facts["architecture_from"],
        "parameters": facts["parameters"],
        "classes": list(classifier.class_names),
        "input_size": list(classifier.input_size),
        "guesses": facts["guesses"],
        "architectures_tried": facts.get("readings_tried", []),
    }
    if pictures is not None:
        found["data"] = {"data": pictures.listing.data, "split": pictures.listing.name, "of": len(pictures.ids)}
        found["chance"] = 1 / len(classifier.class_names)
        found["readings"] = [
            {
                "channel_order": pixels.channel_order,
                "normalise": pixels.normalise,
                "resize": pixels.resize,
                **vars(rating),
            }
            for rating, pixels in ratings
        ]
        found["verdict"] = _verdict(ratings, len(classifier.class_names))
    return found


def _verdict(ratings: list[Rated], classes: int) -> str:
    """Which reading fits best, and by how much: against the best with other colours or another normalisation."""
    rating, best = ratings[0]
    if not rating.beats_chance(classes):
        return (
            f"no reading is right more often than by guessing ({rating.accuracy:.1%}, chance {1 / classes:.1%}): "
            "trained on other pictures or classes, or the architecture is read wrong"
        )
    other, wrong = next((each, pixels) for each, pixels in ratings if pixels.colours != best.colours)
    resized, plain = next(
        (each, pixels) for each, pixels in ratings if pixels.colours == best.colours and pixels.resize != best.resize
    )
    return (
        f"{best} fits best: {rating}; next {wrong}: {other}; with {plain.resize} resize: {resized}; "
        f"guessing would be right on {1 / classes:.1%}"
    )


def _lines(found: dict[str, Any]) -> list[str]:
    classes = found["classes"]
    height, width = found["input_size"]
    lines = [
        f"file          {found['file']}: {found['form']}",
        f"architecture  {found['architecture']} ({found['architecture_from']})",
        f"parameters    {found['parameters']:,}",
        f"classes       {len(classes)}: {', '.join(classes[:12])}{' …' if len(classes) > 12 else ''}",
        f"input         {height}x{width}",
        *(f"guess         {line}" for line in found["guesses"]),
    ]
    if "readings" not in found:
        return [*lines, "no labelled pictures: nothing proven; --data FOLDER with labels does it"]
    lines += ["", "log-likelihood: with the confidence of a too sure model taken down"]
    lines += [" right  of   log-likelihood  norms off  colours  normalise  resize"]
    lines += [
        f"{each['accuracy']:6.1%}  {each['pictures']:<4} {each['log_likelihood']:13.3f}  "
        f"{'' if each['misfit'] is None else format(each['misfit'], '.3f'):>9}  {each['channel_order']:7}  "
        f"{each['normalise']:9}  {each['resize']}"
        for each in found["readings"]
    ]
    return [*lines, "", found["verdict"]]


def _config(found: dict[str, Any]) -> str:
    """The best reading as TOML; JSON's strings are TOML's."""
    from foodviz.models.preprocessing import OWN

    lines = [f"# Written by `foodviz inspect --model {found['file']}`.".replace("\n", " ")]
    lines += [f"# {found['verdict']}"] if "verdict" in found else []
    lines += [f"model = {json.dumps(found['file'])}"]
    if found["architecture"] != "pickled":
        lines.append(f"arch = {json.dumps(found['architecture'])}")
    if found.get("readings"):
        best = found["readings"][0]
        told = [key for key in ("channel_order", "normalise", "resize") if best[key] != OWN]  # which holds unsaid
        lines += [f"{key} = {json.dumps(best[key])}" for key in told]
    return "\n".join([*lines, f"input_size = {found['input_size'][0]}", ""])
