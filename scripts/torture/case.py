"""One try of the command line, and what is right of it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

CODES = {"fine": (0,), "error": (1, 2), "stopped": (0, 130)}
NOISE = re.compile(
    r'(?m)Traceback \(most recent|Warning:|warnings\.warn|^\s+File "|Exception ignored|Fatal Python|Segmentation'
    r"|terminate called|OMP:|\[W\d+|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `code` is negative where a signal ended it; `end` says why the driver had to end it."""

    code: int = 0
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    peak: int = 0  # MB
    end: str = ""


@dataclass(frozen=True)
class Case:
    """A command line in a box of its own, the folders `in`, `out`, `home`, `tmp` and `cwd`.

    `@BOX`, `@IN`, `@OUT` and `@BASE` in it become folders. What is right: `fine`, it works; `error`, it is refused;
    `said`, it is refused or works, but not without a word; `stopped`, it works or is interrupted; `killed`, it works or
    is killed after its seconds, which leaves whole files; `any`, it works or is refused.
    """

    kind: str
    name: str
    args: tuple[str, ...] = ()
    shell: str = ""  # instead of args: a line for bash in which @FOODVIZ is the command
    make: Callable[[Path], object] | None = None  # fills the box
    expect: str = "any"
    seconds: float = 60  # more is a hang
    nobody: bool = False  # as a user without rights
    unheard: bool = False  # an error line reaches nobody
    cache: str = ""  # the cache folder; else one that all cases share
    after: Callable[[Path, Outcome], list[str]] | None = None  # what else is wrong, a line each
    kept: tuple[str, ...] = ()  # beginnings of paths in the box that may appear or change


def tree(box: Path) -> dict[str, int]:
    """When everything in a box was changed; 0 for folders."""
    paths = {str(path.relative_to(box)): path for path in box.rglob("*")}
    return {name: path.lstat().st_mtime_ns * (path.is_symlink() or not path.is_dir()) for name, path in paths.items()}


def wrong(case: Case, box: Path, before: dict[str, int], outcome: Outcome) -> list[str]:
    """Everything that is not as it must be, a line each."""
    killed = case.expect == "killed" and bool(outcome.end)
    found = ["CODE RAN"] if (box / "canary").exists() else []
    found += [] if killed else [outcome.end] if outcome.end else _said(case, outcome)
    kept = ("out", "std", "in/__pycache__", "cwd/__pycache__", *case.kept)
    for path, state in sorted(tree(box).items()):
        if not path.startswith(kept) and state != before.get(path):
            found.append(f"{'changed' if path in before else 'new file outside of --out'}: {path}"[:200])
    return found + half_written(box / "out", hidden=not killed) + (case.after(box, outcome) if case.after else [])


def _said(case: Case, outcome: Outcome) -> list[str]:
    """What is wrong of the exit code and of what a terminal shows."""
    lines = [line for line in outcome.err.replace("\r", "\n").split("\n") if line.strip()]
    errors, last = [line for line in lines if line.startswith("error:")], "".join(lines[-1:])
    one_line = len(errors) == 1 and last == errors[0] and len(last) <= 2000
    no_line = case.unheard or "--check" in case.args  # a comparison that differs is no error
    faults = {
        f"exit code {outcome.code}, {case.expect}": outcome.code not in CODES.get(case.expect, (0, 1, 2, 130)),
        "traceback, warning or control character": NOISE.search(outcome.out + outcome.err),
        "accepted without a word": case.expect == "said" and not lines,
        f"{len(errors)} error lines": bool(errors) if outcome.code == 0 else not one_line and not no_line,
    }
    return [f"{fault}: {last[:160]}" for fault, so in faults.items() if so]


def half_written(folder: Path, *, hidden: bool = True) -> list[str]:
    """What a folder of results holds that is not whole. hidden: temporary files count, too."""
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.name.startswith("."):
            found += [f"temporary file left: {path.name}"] if hidden and path.is_file() else []
        elif path.is_file() and not path.is_symlink():
            try:
                _read(path)
            except Exception as fault:  # whatever a reader says of a broken file
                found.append(f"half-written: {path.name} ({type(fault).__name__} {fault})"[:200])
    return found


def _read(path: Path) -> None:
    if path.suffix in (".png", ".gif", ".webp"):
        with Image.open(path) as image:
            image.load()
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            _ = [arrays[name] for name in arrays.files]
    elif path.suffix == ".safetensors":
        load_file(path)
    elif path.suffix == ".json":
        json.loads(path.read_text())
    elif not path.stat().st_size or (path.suffix == ".html" and not path.read_text().rstrip().endswith("</html>")):
        raise ValueError("cut")
