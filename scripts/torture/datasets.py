"""Folders of pictures in odd layouts, with odd names, and that change while they are read."""

import os
import shutil
from functools import partial

from torture import values
from torture.case import Case
from torture.material import cheap

_case = partial(Case, "datasets")
# Instead of a folder, or in it.
PLACES = r"""
any: (path.rmdir(), path.touch()) | (path.rmdir(), os.mkfifo(path)) | (path.rmdir(), path.symlink_to("d"))
any: (path / "x").symlink_to(".") | shutil.copytree(base / "data/training", path / "val/caf\udce9")
"""
DURING = ("saliency --ids 3_0 0_0", "lime --ids 3_0", "filters", "confusion", "inspect", "report")


def cases(dice, base):
    good = (base / "p.jpg").read_bytes()
    for name, expect, commands, files in _layouts():
        for command in commands.split():
            make, seconds = partial(_fill, files=files, good=good), 240 if len(files) > 1000 else 60
            yield _case(f"{name}, {command}", _args(command), make, expect, seconds)
    for _, text in values.lines(PLACES):

        def build(box, text=text) -> None:
            (box / "in/d").mkdir()
            eval(text, {"path": box / "in/d", "base": base, "os": os, "shutil": shutil})

        for command in ("saliency", "confusion", "inspect"):
            yield _case(f"{text}, {command}", _args(command), build, "any", 30)
    for change in values.CHANGES.strip().split("\n"):
        for command in DURING:
            # at a moment between the start of Python and the end of the run
            meanwhile = f"(sleep {dice.uniform(0.8, 4):.2f}; {change}) &"
            name, *more = command.split()
            line = f"{meanwhile} FOODVIZ {' '.join((*_args(name), *more))}; code=$?; wait; exit $code"
            make = lambda box: shutil.copytree(base / "data", box / "in/d")  # noqa: E731
            yield _case(f"{name} meanwhile {change}", (), make, seconds=90, shell=line, kept=("in",))


def _layouts():
    """Name, what must come of it, commands, files."""
    for line in values.LAYOUTS.strip().split("\n"):
        expect, commands, files = line.split(" | ")
        names = [each.replace("\\", " ") for part in files.split() for each in _spread(part)]
        yield files[:50], expect, commands, names
    for label in values.LABELS:
        files = [f"{split}/{each}_1.jpg" for split in ("training", "validation") for each in (label, 0)]
        yield f"label {label}"[:40], "any", "saliency confusion train", files
    for split in values.SPLIT_NAMES:
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
    more = ("--trust", "none") if command == "saliency" else ()  # of the pictures, not of the folder
    return (*own, *more, "--data", "@IN/d")


def _fill(box, files: list[str], good: bytes) -> None:
    for each in files:
        path = box / "in/d" / each
        (path if each.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not each.endswith("/"):
            path.write_bytes(good if each.lower().endswith(".jpg") else b"x")
