"""Runs cases, each in a child of its own: forked from a parent that has everything imported, or the real command."""

import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from torture.case import Case, Outcome, tree, wrong

MOST_MEMORY = 3 << 30
NOBODY = 65534
ENDS_LOUDLY = 99  # exit code of a child that an exception ended


@dataclass
class Runner:
    """Where cases run, and what came of them.

    Args:
        work: folder for the boxes, the log and a cache that the cases share.
        show: print a case's whole output and keep its box.

    Attributes:
        verdicts: of each case its kind, its name, what was `wrong` of it, and its outcome.
    """

    work: Path
    show: bool = False
    command: str = str(Path(sys.executable).with_name("foodviz"))
    verdicts: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = self.work / "base"
        _open_folders(self.work, "cache", "matplotlib")

    def try_all(self, cases: Iterable[Case], until: float = float("inf")) -> int:
        """Run cases one after another, until a moment of `time.monotonic`; says how many."""
        before = len(self.verdicts)
        for case in cases:
            if time.monotonic() > until:
                break
            if not case.nobody or os.geteuid() == 0:
                self.verdicts.append(self.attempt(case))
        return len(self.verdicts) - before

    def attempt(self, case: Case) -> dict:
        """Run one case and judge it."""
        box, outcome = self.work / "box" / f"{len(self.verdicts):05d}", Outcome()
        shutil.rmtree(box, ignore_errors=True)
        try:
            self.make_box(box)
            if case.make:
                case.make(box)
            for path in (box, *box.rglob("*")) if case.nobody else ():
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            before = tree(box)
            outcome = self.run(case, box)
            found = wrong(case, box, before, outcome)
        except Exception as fault:  # a case that the driver cannot play is wrong, too
            traceback.print_exc()
            found = [f"driver: {type(fault).__name__}: {fault}"]
        verdict = {"kind": case.kind, "name": case.name, "wrong": found, **vars(outcome)}
        with (self.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(verdict | {"out": "", "err": outcome.err[-1500:]}) + "\n")
        if found:
            said = f"{case.name[:90]!a} {outcome.seconds:.1f} s: {'; '.join(found)[:330]!a}"
            print(f"  WRONG [{case.kind}] {said}", flush=True)
        if self.show:
            print(case.shell or " ".join(case.args), outcome.out, outcome.err, sep="\n")
        else:
            shutil.rmtree(box, ignore_errors=True)
        return verdict

    def make_box(self, box: Path) -> None:
        """The folders that a case finds, open to all; code of strangers lies in them."""
        _open_folders(box, "in", "home", "tmp", "cwd")
        for folder in (box / "in", box / "cwd"):
            shutil.copytree(self.base / "evil", folder, dirs_exist_ok=True)

    def run(self, case: Case, box: Path) -> Outcome:
        """One run in a box, which may have been used before; one that takes too long or too much is killed."""
        if not box.exists():
            self.make_box(box)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                os._exit(self._play(case, box))
            finally:
                os._exit(ENDS_LOUDLY)
        begun, end, peak, done = time.monotonic(), "", 0, 0
        while not done:
            done, status, usage = os.wait4(child, 0 if end else os.WNOHANG)
            size, took = _memory_of(child), time.monotonic() - begun
            peak = max(peak, size, usage.ru_maxrss << 10)
            if not done and (took > case.seconds or size > MOST_MEMORY):
                end = (
                    f"hang: killed after {took:.0f} s" if took > case.seconds else f"memory: killed at {size >> 20} MB"
                )
                with contextlib.suppress(OSError):
                    os.killpg(child, signal.SIGKILL)
            elif not done:
                time.sleep(min(0.05, 0.004 + took / 10))
        texts = [path.read_bytes()[-400_000:] if path.exists() else b"" for path in (box / "stdout", box / "stderr")]
        out, err = (text.decode("utf-8", "backslashreplace") for text in texts)
        return Outcome(os.waitstatus_to_exitcode(status), out, err, round(took, 2), peak >> 20, end)

    def _play(self, case: Case, box: Path) -> int:
        """What the child does: it becomes a process of the case, with nothing of the user's but the way to programs."""
        marks = {"@IN": box / "in", "@OUT": box / "out", "@BOX": box, "@BASE": self.base, "@FOODVIZ": self.command}

        def placed(text: str) -> str:
            for mark, folder in marks.items():
                text = text.replace(mark, str(folder))
            return text

        env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        env |= {"HOME": f"{box}/home", "TMPDIR": f"{box}/tmp", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        env |= {"FOODVIZ_CACHE": placed(case.cache) or f"{self.work}/cache", "MPLCONFIGDIR": f"{self.work}/matplotlib"}
        os.setsid()
        os.chdir(box / "cwd")
        for number, path in enumerate((Path(os.devnull), box / "stdout", box / "stderr")):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666), number)
        os.closerange(3, 1024)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell has it ignored
        if case.nobody:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if case.shell:
            os.execvpe("bash", ["bash", "-o", "pipefail", "-c", placed(case.shell)], env)
        words = ["foodviz", *map(placed, case.args)]
        if case.real:
            os.execve(self.command, words, env)
        os.environ.clear()
        os.environ.update(env)
        return _main(words)


def _main(words: list[str]) -> int:
    """What the command calls, as everything is imported here."""
    if "torch" in sys.modules:  # the parent's threads are not here, and OpenMP would wait for them for ever
        sys.modules["torch"].set_num_threads(1)
    sys.argv, tempfile.tempdir = words, None
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace")
    try:
        from foodviz.cli import main

        main()
        code = 0
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:
        traceback.print_exc()
        code = ENDS_LOUDLY
    sys.stdout.flush()
    return code


def _open_folders(top: Path, *names: str) -> None:
    for folder in (top, *(top / name for name in names)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)


def _memory_of(process: int) -> int:
    """What a process has in memory, bytes; 0 of one that is gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    return 0
