"""Runs cases, each in a child of its own: forked from a parent that has everything imported, or the real command."""

import contextlib
import json
import multiprocessing
import os
import re
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

MOST_MEMORY = 3 << 10  # MB
NOBODY = 65534


@dataclass
class Runner:
    """Where cases run, and what came of them."""

    work: Path  # for the boxes, the log and a cache that the cases share
    show: bool = False  # print a case's whole output and keep its box
    patience: float = 1  # how often its seconds a case may take, where others keep the machine busy
    command: str = str(Path(sys.executable).with_name("foodviz"))
    verdicts: list[dict] = field(default_factory=list)  # kind, name, what was `wrong`, and the outcome's fields

    def __post_init__(self) -> None:
        self.base = self.work / "base"
        for folder in (self.work, self.work / "cache", self.work / "matplotlib"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o777)

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
            shutil.copytree(self.base / "box", box)
            if case.make:
                case.make(box)
            before = tree(box)
            outcome = self.run(case, box)
            found = wrong(case, box, before, outcome)
        except Exception as fault:  # a case that the driver cannot play or judge is wrong, too
            traceback.print_exc()
            found = [f"driver: {type(fault).__name__}: {fault}"]
        verdict = {"kind": case.kind, "name": case.name, "wrong": found, **vars(outcome)}
        with (self.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(verdict | {"out": "", "err": outcome.err[-1500:]}) + "\n")
        if found:
            print(
                f"  WRONG [{case.kind}] {case.name[:99]!a} {outcome.seconds} s: {'; '.join(found)[:330]!a}", flush=True
            )
        if self.show:
            print(case.shell or " ".join(case.args), outcome.out, outcome.err, sep="\n")
        else:
            shutil.rmtree(box, ignore_errors=True)
        return verdict

    def run(self, case: Case, box: Path) -> Outcome:
        """One run in a box, which may have been used before; one that takes too long or too much is killed."""
        if not box.exists():
            shutil.copytree(self.base / "box", box)
        child = multiprocessing.get_context("fork").Process(target=self._play, args=(case, box))
        child.start()
        begun, limit, end, peak, took = time.monotonic(), case.seconds * self.patience, "", 0, 0.0
        while child.is_alive():
            peak, took = max(peak, _memory_of(child.pid)), time.monotonic() - begun
            if took > limit or peak > MOST_MEMORY:
                end = f"hang: killed after {took:.0f} s" if took > limit else f"memory: killed at {peak} MB"
                with contextlib.suppress(OSError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.join()
            time.sleep(min(0.05, 0.004 + took / 10))
        texts = [path.read_bytes()[-400_000:] if path.exists() else b"" for path in (box / "stdout", box / "stderr")]
        out, err = (text.decode("utf-8", "backslashreplace") for text in texts)
        return Outcome(child.exitcode, out, err, round(took, 2), peak, end)

    def _play(self, case: Case, box: Path) -> None:
        """What the child does: it becomes a process of the case, with nothing of the user's but the way to programs."""
        places = {"BOX": box, "IN": box / "in", "OUT": box / "out", "BASE": self.base, "FOODVIZ": self.command}

        def placed(text: str) -> str:
            return re.sub(f"@({'|'.join(places)})", lambda mark: str(places[mark[1]]), text)

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
        sys.argv = ["foodviz", *map(placed, case.args)]
        os.environ.clear()
        os.environ.update(env)
        _main()


def _main() -> None:
    """What the command calls, as everything is imported here."""
    if "torch" in sys.modules:  # the parent's threads are not here, and OpenMP would wait for them for ever
        sys.modules["torch"].set_num_threads(1)
    tempfile.tempdir = None
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace")
    from foodviz.cli import main

    main()


def _memory_of(process: int) -> int:
    """The most that a process has had in memory, MB; 0 of one that is gone."""
    with contextlib.suppress(OSError, TypeError):
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) >> 10
    return 0
