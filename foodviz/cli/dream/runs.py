"""A dream from its settings to its files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from foodviz.cli.dream.journey import Journey
from foodviz.cli.dream.objective import climbed, opened, tensor

if TYPE_CHECKING:
    import numpy as np

    from foodviz.cli.dream.flags import Settings
    from foodviz.cli.dream.state import Diary
    from foodviz.cli.run import Run

LEAST = 512  # longer side in pixels that octaves end at, however small the picture


def dream_and_save(run: Run, settings: Settings) -> None:
    """Dream, keeping every snapshot; then draw and write everything."""
    import numpy as np

    from foodviz.metrics.change import by_region, change, half_way, on_and_off
    from foodviz.render.animation import animate
    from foodviz.render.dream import dream_figure

    climb = climbed(run.classifier, settings)
    run.__dict__["classifier"] = climb.classifier
    run.say(f"climbing {climb.what}")
    photograph = _photograph(run, settings, climb.smallest)
    journey = Journey(run, settings, climb, photograph)
    diary, final = journey.dream()

    pixels = journey.pixels(final)[0].cpu().numpy()
    region, mask = _region(run, photograph)
    curves = on_and_off(photograph, diary.frames, mask)
    probabilities = _probabilities(run, diary.frames)
    changed = change(photograph, diary.frames[-1])
    names = run.classifier.class_names
    places = (f"on {region}", "elsewhere")
    halves = {place: half_way(diary.steps, row) for place, row in zip(places, curves, strict=True)}
    figure = dream_figure(
        diary.frames,
        diary.steps,
        diary.objectives,
        curve=np.array(diary.curve),
        octave_steps=settings.steps if settings.recipe == "octaves" else None,
        region_change=by_region(changed),
        on_and_off=curves,
        region=region,
        probabilities=probabilities,
        class_names=names,
        unit=climb.unit,
        title=f"deep dream: {climb.what}",
        notes=[
            f"{run.pictures[0].caption.replace(chr(10), ': ')}. {journey.recipe}",
            " ".join(said for said in (_falls(diary, settings), _clipped(pixels), _when(halves)) if said),
            run.trained_on,
        ],
    )
    folder = f"{run.command}-frames"
    for step, frame in zip(diary.steps, diary.frames, strict=True):
        _write_png(run, f"{folder}/step-{step:04d}.png", frame)
    _write_png(run, f"{run.command}-final.png", diary.frames[-1])
    if settings.animate:
        animation = animate(diary.frames, settings.animate)
        run.results.file(f"{run.command}.{settings.animate}", lambda path: path.write_bytes(animation))
    if settings.zoom:
        kind: Any = settings.animate or "webp"
        zoomed = animate([diary.frames[-1], *journey.zoom(final, settings.zoom)], kind, per_second=12)
        run.results.file(f"{run.command}-zoom.{kind}", lambda path: path.write_bytes(zoomed))
    arrays = {
        "photograph": photograph,
        "final": pixels,
        "steps": np.array(diary.steps),
        "objectives": np.array(diary.objectives),
        "curve": np.array(diary.curve),
        "change": changed,
        "on_and_off": curves,
        "probabilities": probabilities,
    }
    facts = {
        "climbed": climb.what,
        "unit": climb.unit,
        **journey.facts,
        "frames": [
            {"step": step, "objective": objective, "predicted": names[row.argmax()], "probability": float(row.max())}
            for step, objective, row in zip(diary.steps, diary.objectives, probabilities, strict=True)
        ],
        "half_of_the_change_by_step": halves,
    }
    run.save({"": figure}, arrays, facts)


def _photograph(run: Run, settings: Settings, smallest: int) -> np.ndarray:
    """(H, W, 3) uint8: stretched to the model's input size for a plain dream, else at its own aspect ratio."""
    from foodviz.data.pictures import decode, pixels

    if settings.size is None and settings.recipe == "plain":
        return (run.batch.images[0] * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    if run.flags["image"]:
        source = opened(run.flags["image"][0], "--image")
    else:
        source = decode(run.listing.read_bytes(run.ids[0]), run.batch.names[0])
    longer = settings.size or max(*source.size, LEAST)
    scale = max(longer / max(source.size), smallest / min(source.size))
    return pixels(source, (round(source.height * scale), round(source.width * scale)))


def _region(run: Run, photograph: np.ndarray) -> tuple[str, np.ndarray]:
    """Where the food is: its mask, else the middle half of the picture; in words, and (H, W) bool."""
    from foodviz.data import open_files

    if run.flags["image"]:
        return open_files(run.flags["image"]).region(0, photograph.shape[:2])
    return run.listing.region(run.ids[0], photograph.shape[:2])


def _probabilities(run: Run, frames: Sequence[np.ndarray]) -> np.ndarray:
    """(F, C), of the frames as they are shown, at the model's input size."""
    import torch
    from PIL import Image

    from foodviz.data.pictures import pixels

    resize = run.flags["resize"] or "antialiased"
    rows = []
    with torch.inference_mode():
        for frame in frames:
            image = tensor(pixels(Image.fromarray(frame), run.classifier.input_size, resize), run.device)
            rows.append(run.classifier(image).softmax(1)[0])
    return torch.stack(rows).cpu().numpy()


def _when(halves: dict[str, int | None]) -> str:
    """By which step half of the change had come, here and there, in words."""
    said = ", ".join(f"by step {step} {place}" for place, step in halves.items() if step is not None)
    return f"Half of the change had come {said}." if said else ""


def _clipped(pixels: np.ndarray) -> str:
    """How much of a picture (3, H, W) lies outside what can be shown, in words; empty for nothing worth saying."""
    share = float(((pixels < 0) | (pixels > 1)).mean())
    return f"At the end {share:.0%} of the values lie outside [0, 1] and are shown clipped." if share > 0.005 else ""


def _falls(diary: Diary, settings: Settings) -> str:
    """Where the objective falls from one snapshot to the next, in words; empty where it only rises."""
    pairs = pairwise(zip(diary.steps, diary.objectives, strict=True))
    falls = [(before[0], after[0]) for before, after in pairs if after[1] < before[1]]
    if not falls:
        return ""
    more = f", and {len(falls) - 1} times more" if len(falls) > 1 else ""
    said = f"The objective falls between step {falls[0][0]} and {falls[0][1]}{more}"
    return said + (f": lr {settings.lr:g} overshoots." if settings.recipe == "plain" else ".")


def _write_png(run: Run, name: str, picture: np.ndarray) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_text("Software", "foodviz")
    said.add_text("Description", run.results.command_line)
    run.results.file(name, lambda path: Image.fromarray(picture).save(path, "png", pnginfo=said))
