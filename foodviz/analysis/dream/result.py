"""What there is to see and to measure in a dream that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.dream.objective import tensor
from foodviz.analysis.result import Result

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.analysis.dream.ascent import DreamAscent
    from foodviz.analysis.dream.settings import DreamSettings
    from foodviz.analysis.dream.snapshots import Snapshots
    from foodviz.analysis.subject import Subject
    from foodviz.methods.deep_dream import Moment


def result_of(
    settings: Mapping[str, Any], ascent: DreamAscent, photograph: np.ndarray, snapshots: Snapshots, final: Moment
) -> Result:
    """The dream's pictures, where and when they changed, and what the model says of each.

    Args:
        settings: every argument of the analysis.
        photograph: (H, W, 3) uint8, where it began.
    """
    import numpy as np

    from foodviz.metrics.change import change, half_way, on_and_off
    from foodviz.render import sentences

    photographs, own, objective = ascent.photographs, ascent.settings, ascent.objective
    frames, steps, objectives = list(snapshots.frames), snapshots.steps, snapshots.objectives
    curve = np.array(snapshots.curve)
    pixels = ascent.pixels(final)[0].cpu().numpy()
    region, mask = photographs.region(0, photograph.shape[:2])
    curves = on_and_off(photograph, frames, mask)
    probabilities = _probabilities(ascent.subject, frames)
    changed = change(photograph, frames[-1])
    names = ascent.subject.classifier.class_names
    halves = {where: half_way(steps, row) for where, row in zip((f"on {region}", "elsewhere"), curves, strict=True)}
    files = _animations(own, frames, ascent.zoom(final, own.zoom) if own.zoom else [])

    def draw() -> Mapping[str, Figure]:
        from foodviz.metrics.change import by_region
        from foodviz.render.dream import dream_figure

        remarks = (_falls(steps, objectives, own), _clipped(pixels), _when(halves))
        figure = dream_figure(
            frames,
            steps,
            objectives,
            curve=curve,
            octave_steps=own.steps if own.recipe == "octaves" else None,
            region_change=by_region(changed),
            on_and_off=curves,
            region=region,
            probabilities=probabilities,
            class_names=names,
            unit=objective.unit,
            title=f"deep dream: {objective.name}",
            notes=[
                f"{photographs.captions[0].replace(chr(10), ': ')}. {ascent.words}",
                " ".join(remark for remark in remarks if remark),
                photographs.trained_on,
            ],
        )
        return {"": figure}

    def views() -> Mapping[str, Any]:
        from foodviz.render.page import views

        return views.frames(frames, facts["frames"])

    facts = {
        **photographs.facts(),
        "climbed": objective.name,
        "unit": objective.unit,
        **ascent.facts,
        "frames": [
            {"step": step, "objective": value, "predicted": names[row.argmax()], "probability": float(row.max())}
            for step, value, row in zip(steps, objectives, probabilities, strict=True)
        ],
        "half_of_the_change_by_step": halves,
    }
    arrays = {
        "photograph": photograph,
        "final": pixels,
        "steps": np.array(steps),
        "objectives": np.array(objectives),
        "curve": curve,
        "change": changed,
        "on_and_off": curves,
        "probabilities": probabilities,
    }
    pictures = {f"dream-frames/step-{step:04d}.png": frame for step, frame in zip(steps, frames, strict=True)}
    return Result(
        "dream",
        settings,
        arrays,
        facts,
        photographs.table,
        sentences.dream(facts),
        draw,
        views,
        files,
        {**pictures, "dream-final.png": frames[-1]},
    )


def _animations(
    own: DreamSettings, frames: Sequence[np.ndarray], zoomed: Sequence[np.ndarray]
) -> dict[str, Callable[[Path], object]]:
    """Writers of what was asked for; nothing is encoded before."""

    def write(path: Path, pictures: Sequence[np.ndarray], kind: Any, per_second: float) -> None:
        from foodviz.render.animation import animate

        path.write_bytes(animate(pictures, kind, per_second=per_second))

    files: dict[str, Callable[[Path], object]] = {}
    if own.animate:
        files[f"dream.{own.animate}"] = partial(write, pictures=frames, kind=own.animate, per_second=8)
    if own.zoom:
        kind = own.animate or "webp"
        files[f"dream-zoom.{kind}"] = partial(write, pictures=[frames[-1], *zoomed], kind=kind, per_second=12)
    return files


def _probabilities(subject: Subject, frames: Sequence[np.ndarray]) -> np.ndarray:
    """(F, C), of the frames as they are shown, at the model's input size."""
    import torch

    from foodviz.data.pictures import resized
    from foodviz.probabilities import probabilities

    classifier, rows = subject.classifier, []
    with torch.inference_mode():
        for frame in frames:
            image = tensor(
                resized(frame, classifier.input_size, subject.dataset.resize, subject.dataset.fit), subject.device
            )
            rows.append(probabilities(classifier, classifier(image))[0])
    return torch.stack(rows).cpu().numpy()


def _when(halves: Mapping[str, int | None]) -> str:
    """By which step half of the change had come, here and there, in words."""
    when = ", ".join(f"by step {step} {where}" for where, step in halves.items() if step is not None)
    return f"Half of the change had come {when}." if when else ""


def _clipped(pixels: np.ndarray) -> str:
    """How much of a picture (3, H, W) lies outside what can be shown, in words; empty for nothing worth saying."""
    share = float(((pixels < 0) | (pixels > 1)).mean())
    return f"At the end {share:.0%} of the values lie outside [0, 1] and are shown clipped." if share > 0.005 else ""


def _falls(steps: Sequence[int], objectives: Sequence[float], own: DreamSettings) -> str:
    """Where the objective falls from one snapshot to the next, in words; empty where it only rises."""
    pairs = pairwise(zip(steps, objectives, strict=True))
    falls = [(before[0], after[0]) for before, after in pairs if after[1] < before[1]]
    if not falls:
        return ""
    more = f", and {len(falls) - 1} times more" if len(falls) > 1 else ""
    line = f"The objective falls between step {falls[0][0]} and {falls[0][1]}{more}"
    return line + (f": lr {own.lr:g} overshoots." if own.recipe == "plain" else ".")
