"""Folders of pictures in odd layouts, with odd names, and that change while they are read."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from torture import values
from torture.case import Case
from torture.material import cheap

_case = partial(Case, "datasets")


def cases(dice: random.Random, base: Path) -> Iterator[Case]:
    good = (base / "p.jpg").read_bytes()
    for name, expect, commands, files in _layouts():
        for command in commands.split():
            make = _filled(files, good)
            seconds = 240 if len(files) > 1000 else 60
            yield _case(f"{name}, {command}", _args(command), make, expect, seconds)
    odd: dict[str, Callable[[Path], object]] = {
        "a file": lambda path: (path.rmdir(), path.touch()),
        "a FIFO": lambda path: (path.rmdir(), os.mkfifo(path)),
        "a loop": lambda path: (path.rmdir(), path.symlink_to("d")),
        "in itself": lambda path: (path / "x").symlink_to("."),
        "not UTF-8": lambda path: shutil.copytree(base / "data/training", path / "val/caf\udce9"),
    }
    for name, build in odd.items():
        for command in ("saliency", "confusion", "inspect"):
            yield _case(f"{name}, {command}", _args(command), _filled([], good, build), "any", 30)
    for change in values.CHANGES.strip().split("\n"):
        for command in ("saliency --ids 3_0 0_0", "lime --ids 3_0", "filters", "confusion", "inspect", "report"):
            # at a moment between the start of Python and the end of the run
            meanwhile = f"(sleep {dice.uniform(0.8, 4):.2f}; {change}) &"
            name, *more = command.split()
            line = f"{meanwhile} FOODVIZ {' '.join((*_args(name), *more))}; code=$?; wait; exit $code"
            make = lambda box: shutil.copytree(base / "data", box / "in/d")  # noqa: E731
            yield _case(f"{name} meanwhile {change}", (), make, seconds=90, shell=line, kept=("in",))


def _layouts() -> Iterator[tuple[str, str, str, list[str]]]:
    """Name, what must come of it, commands, files."""
    for line in values.LAYOUTS.strip().split("\n"):
        expect, commands, files = line.split(" | ")
        names = [each.replace("\\", " ") for part in files.split() for each in _spread(part)]
        yield files[:50], expect, commands, names
    for label in (11, 12, 99, 1000, 100_000, 20231105, 10**9, 10**18, 2**63, 10**200, -1, "²", "٣", "007", "1e3"):
        files = [f"{split}/{each}_1.jpg" for split in ("training", "validation") for each in (label, 0)]
        yield f"label {label}"[:40], "any", "saliency confusion train", files
    named = values.words("Training TRAIN trn dev train2 食 unlabeled a=b training_masks")
    for split in (*named, "train ", "val\n"):
        yield f"split {split!r}", "any", "saliency confusion", [f"{split}/0_1.jpg", f"{split}/1_1.jpg"]


def _spread(text: str) -> list[str]:
    """`a/{b,c}` and `{1..9}` as a shell spreads them."""
    before, brace, rest = text.partition("{")
    if not brace:
        return [text]
    inside, _, after = rest.partition("}")
    first, dots, last = inside.partition("..")
    parts = [str(number) for number in range(int(first), int(last) + 1)] if dots else inside.split(",")
    return [before + part + end for part in parts for end in _spread(after)]


def _args(command: str) -> tuple[str, ...]:
    own = [each for each in cheap(command) if each not in ("--data", "@BASE/data", "--ids", "57")]
    return (*own, "--data", "@IN/d")


def _filled(
    files: Sequence[str], good: bytes, build: Callable[[Path], object] | None = None
) -> Callable[[Path], object]:
    def make(box: Path) -> None:
        (box / "in/d").mkdir()
        for each in files:
            path = box / "in/d" / each
            (path if each.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not each.endswith("/"):
                path.write_bytes(good if each.lower().endswith(".jpg") else b"x")
        if build:
            build(box / "in/d")

    return make
