"""One try of the command line, and what is right of it."""

import json
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CODES = (0, 1, 2, 130)
NOISE = re.compile(
    r'(?m)Traceback \(most recent|Warning:|warnings\.warn|^\s+File "|Exception ignored|Fatal Python|Segmentation'
    r"|terminate called|OMP:|\[W\d+"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONGEST_LINE = 2000


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `code` is negative where a signal ended it; `end` says why the driver had to end it."""

    code: int = 0
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    peak: int = 0  # MB
    end: str = ""

    @property
    def lines(self) -> list[str]:
        """What stderr shows, a line for each state of a bar."""
        return [line for line in self.err.replace("\r", "\n").split("\n") if line.strip()]


@dataclass(frozen=True)
class Case:
    """A command line in a box of its own, the folders `in`, `out`, `home`, `tmp` and `cwd`.

    Attributes:
        args: the command line; `@BOX`, `@IN`, `@OUT` and `@BASE` become folders, in `env` and `shell` too.
        make: fills the box's `in`.
        expect: `fine`: must work; `error`: must be refused; `said`: may work, but not without a word; `any`.
        seconds: more is a hang.
        env: variables on top; None takes one away.
        shell: instead of args, a line for bash in which FOODVIZ is the command.
        streams: `closed`, `full` or `broken` for stdin, stdout, stderr; else they are files.
        nobody: run as a user without rights. real: through the real command.
        after: what else is wrong of the box and the outcome, a line each.
        kept: beginnings of paths in the box that may appear or change.
    """

    kind: str
    name: str
    args: tuple[str, ...] = ()
    make: Callable[[Path], object] | None = None
    expect: str = "any"
    seconds: float = 60
    env: Mapping[str, str | None] = field(default_factory=dict)
    shell: str = ""
    streams: Mapping[str, str] = field(default_factory=dict)
    nobody: bool = False
    real: bool = False
    after: Callable[[Path, Outcome], list[str]] | None = None
    kept: tuple[str, ...] = ()

    @property
    def needs_the_command(self) -> bool:
        """Whether it is about how Python itself starts or ends."""
        return self.real or bool(self.shell or self.streams)


def tree(box: Path) -> dict[str, tuple[int, ...]]:
    """Kind, size and time of everything in a box."""
    looks = {str(path.relative_to(box)): path.lstat() for path in box.rglob("*")}
    files = {path: stat.S_ISREG(look.st_mode) for path, look in looks.items()}
    return {path: (s.st_mode, s.st_size * files[path], s.st_mtime_ns * files[path]) for path, s in looks.items()}


def wrong(case: Case, box: Path, before: dict[str, tuple[int, ...]], outcome: Outcome, canary: Path) -> list[str]:
    """Everything that is not as it must be, a line each."""
    code, said = outcome.code, outcome.lines
    last = said[-1][:160] if said else "(nothing)"
    both = outcome.out + outcome.err
    faults = {
        outcome.end: bool(outcome.end),
        f"exit code {code}: {last}": not outcome.end and code not in CODES,
        f"traceback or warning: {last}": NOISE.search(both),
        "control characters reach the terminal": CONTROLS.search(both),
        "accepted what must fail": case.expect == "error" and code == 0,
        "accepted without a word": case.expect == "said" and code == 0 and not said,
        f"refused what must work: {last}": case.expect == "fine" and code != 0,
        "CODE RAN": canary.exists(),
    }
    found = [fault for fault, so in faults.items() if so]
    unheard = "stderr" in case.streams or case.streams.get("stdout") == "broken"  # a reader that left wants no word
    found += [] if unheard or outcome.end else _of_errors(case, outcome)
    for path, state in sorted(tree(box).items()):
        if not path.startswith(("out", "std", *case.kept)) and state != before.get(path):
            found.append(f"{'changed' if path in before else 'new file outside of --out'}: {path}"[:200])
    return found + half_written(box / "out") + (case.after(box, outcome) if case.after else [])


def _of_errors(case: Case, outcome: Outcome) -> list[str]:
    """Exactly one error line, the last, where the exit code says so; a comparison that differs is no error."""
    errors = [line for line in outcome.lines if line.startswith("error:")]
    if outcome.code == 0:
        return ["an error line with exit code 0"] if errors else []
    if outcome.code not in CODES or "--check" in case.args:
        return []
    if len(errors) != 1 or outcome.lines[-1] != errors[0]:
        return [f"{len(errors)} error lines; last: {outcome.lines[-1:]}"]
    return [f"an error line of {len(errors[0])} characters"] if len(errors[0]) > LONGEST_LINE else []


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
    import numpy as np
    from PIL import Image
    from safetensors.numpy import load_file

    if path.suffix in (".png", ".gif", ".webp"):
        with Image.open(path) as image:
            image.load()
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            _ = [arrays[name] for name in arrays.files]
    elif path.suffix == ".json":
        json.loads(path.read_text())
    elif path.suffix == ".safetensors":
        load_file(path)
    elif not path.stat().st_size or (path.suffix == ".html" and not path.read_text().rstrip().endswith("</html>")):
        raise ValueError("cut")
