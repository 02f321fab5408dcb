"""Runs cases, each in a child of its own: forked from a parent that has everything imported, or the real command."""

import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from torture.case import Case, Outcome, tree, wrong

MOST_MEMORY = 3 << 30
NOBODY = 65534
ENDS_LOUDLY = 99  # exit code of a child that an exception ended


@dataclass(frozen=True)
class Verdict:
    """A case that was tried; `wrong` is empty where it was right."""

    kind: str
    name: str
    wrong: Sequence[str]
    seconds: float
    peak: int


@dataclass
class Runner:
    """Where cases run, and what came of them.

    Args:
        work: folder for the boxes, the log and a cache that the cases share.
        dice: decides which share of the cases goes through the real command.
        show: print a case's whole output and keep its box.
    """

    work: Path
    dice: random.Random
    share: float = 0.03
    show: bool = False
    command: str = str(Path(sys.executable).with_name("foodviz"))
    verdicts: list[Verdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = self.work / "base"
        self.canary = self.work / "canary"  # hostile code makes this file
        for folder in (self.work, self.work / "cache", self.work / "matplotlib"):
            folder.mkdir(exist_ok=True, parents=True)
            folder.chmod(0o777)

    def try_all(self, cases: Iterable[Case], until: float = float("inf")) -> None:
        """Run cases one after another, until a moment of `time.monotonic`."""
        for case in cases:
            if time.monotonic() < until and (not case.nobody or os.geteuid() == 0):
                self.attempt(case)

    def attempt(self, case: Case) -> None:
        """Run one case and judge it."""
        box, outcome = self.work / "box" / f"{len(self.verdicts):05d}", None
        try:
            make_box(box, anew=True)
            if case.make:
                case.make(box)
            for path in (box, *box.rglob("*")) if case.nobody else ():
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            self.canary.unlink(missing_ok=True)
            before = tree(box)
            real = case.needs_the_command or self.dice.random() < self.share
            outcome = watch(self.fork(case, box, real=real), case.seconds, box)
            self.note(case.kind, case.name, wrong(case, box, before, outcome, self.canary), outcome)
        except Exception as fault:  # a case that the driver cannot play is wrong, too
            traceback.print_exc()
            self.note(case.kind, case.name, [f"driver: {type(fault).__name__}: {fault}"])
        if self.show and outcome:
            print(" ".join(case.args), outcome.out, outcome.err, sep="\n")
        else:
            shutil.rmtree(box, ignore_errors=True)

    def note(self, kind: str, name: str, found: Sequence[str], done: Outcome = Outcome()) -> None:  # noqa: B008
        """Keep a verdict, in the log too; a wrong one is shown."""
        self.verdicts.append(Verdict(kind, name, found, done.seconds, done.peak))
        with (self.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(vars(self.verdicts[-1]) | {"code": done.code, "err": done.err[-1500:]}) + "\n")
        if found:
            print(f"  WRONG [{kind}] {name[:90]!a} {done.seconds:.1f} s: {'; '.join(found)[:330]!a}", flush=True)

    def placed(self, text: str, box: Path) -> str:
        """A text with the box's folders in their places."""
        for mark, folder in (("@IN", box / "in"), ("@OUT", box / "out"), ("@BOX", box), ("@BASE", self.base)):
            text = text.replace(mark, str(folder))
        return text

    def environment(self, box: Path, more: Mapping[str, str | None]) -> dict[str, str]:
        """Nothing of the user's own but the way to programs."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": "@BOX/home", "TMPDIR": "@BOX/tmp", "FOODVIZ_CACHE": str(self.work / "cache"), "LANG": "C.UTF-8"}
        own |= {"MPLCONFIGDIR": str(self.work / "matplotlib"), "OMP_NUM_THREADS": "1"}
        whole = {**kept, **own, **more}
        return {name: self.placed(value, box) for name, value in whole.items() if value is not None}

    def run(self, args: Sequence[str], box: Path, *, seconds: float = 300, cache: Path | None = None) -> Outcome:
        """One more run in a box that may have been used before, with a cache of its own where one is given."""
        return watch(self.begin(args, box, real=False, cache=cache), seconds, box)

    def begin(self, args: Sequence[str], box: Path, *, real: bool = True, cache: Path | None = None) -> int:
        """Such a run as a child that goes on meanwhile."""
        make_box(box)
        return self.fork(Case("", "", tuple(args), env={"FOODVIZ_CACHE": str(cache)} if cache else {}), box, real=real)

    def fork(self, case: Case, box: Path, *, real: bool) -> int:
        """A child that runs the case in its box: the command, or what it calls, as everything is imported here."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                os._exit(self._command(case, box) if real else self._main(case, box))
            finally:
                os._exit(ENDS_LOUDLY)
        return child

    def _enter(self, case: Case, box: Path) -> dict[str, str]:
        """Become a process of the case: streams, folder, rights; gives its environment."""
        os.setsid()
        os.chdir(box / "cwd")
        files = {"stdin": os.devnull, "stdout": str(box / "stdout"), "stderr": str(box / "stderr")}
        for number, (name, file) in enumerate(files.items()):
            how = case.streams.get(name)
            if how == "broken":
                reader, stream = os.pipe()
                os.close(reader)
            else:
                file = "/dev/full" if how == "full" else file
                stream = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY, 0o666)
            os.dup2(stream, number)
            if how == "closed":
                os.close(number)
        os.closerange(3, 1024)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell has it ignored
        if case.nobody:
            become_nobody()
        return self.environment(box, case.env)

    def _command(self, case: Case, box: Path) -> NoReturn:
        words = [self.command, *(self.placed(each, box) for each in case.args)]
        line = self.placed(case.shell, box).replace("FOODVIZ", self.command)
        words = ["bash", "-c", line] if line else words
        env = self._enter(case, box)
        os.execvpe(words[0], words, env)

    def _main(self, case: Case, box: Path) -> int:
        if "torch" in sys.modules:  # the parent's threads are not here, and OpenMP would wait for them for ever
            sys.modules["torch"].set_num_threads(1)
        sys.argv = ["foodviz", *(self.placed(each, box) for each in case.args)]
        env = self._enter(case, box)
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None
        sys.stdout = sys.__stdout__ = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8")
        sys.stderr = sys.__stderr__ = io.TextIOWrapper(
            io.FileIO(2, "w"), "utf-8", "backslashreplace", write_through=True
        )
        code = 0
        try:
            from foodviz.cli import main

            main()
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except BaseException:
            traceback.print_exc()
            code = ENDS_LOUDLY
        sys.stdout.flush()
        sys.stderr.flush()
        return code


def make_box(box: Path, *, anew: bool = False) -> None:
    """The folders that a case finds."""
    if anew:
        shutil.rmtree(box, ignore_errors=True)
    for name in ("in", "home", "tmp", "cwd"):
        (box / name).mkdir(parents=True, exist_ok=True)


def become_nobody() -> None:
    """Give up the rights of root, for good."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def watch(child: int, seconds: float, box: Path) -> Outcome:
    """Wait for a child; one that takes too long or too much is killed."""
    begun, end, peak, done = time.monotonic(), "", 0, 0
    while not done:
        done, status, usage = os.wait4(child, 0 if end else os.WNOHANG)
        size, took = memory_of(child), time.monotonic() - begun
        peak = max(peak, size, usage.ru_maxrss << 10)
        if not done and (took > seconds or size > MOST_MEMORY):
            end = f"hang: killed after {seconds:.0f} s" if took > seconds else f"memory: killed at {size >> 20} MB"
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGKILL)
        elif not done:
            time.sleep(min(0.05, 0.004 + took / 10))
    texts = [path.read_bytes()[-400_000:] if path.exists() else b"" for path in (box / "stdout", box / "stderr")]
    out, err = (text.decode("utf-8", "backslashreplace") for text in texts)
    return Outcome(os.waitstatus_to_exitcode(status), out, err, time.monotonic() - begun, peak >> 20, end)


def memory_of(process: int | str) -> int:
    """What a process has in memory, bytes; 0 of one that is gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    return 0
