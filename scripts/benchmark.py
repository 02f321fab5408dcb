"""How fast foodviz is beside its peers and beside bare PyTorch: ratios, measured side by side in one run.

    python scripts/benchmark.py                       every workload
    python scripts/benchmark.py gradient lime         some of them
    python scripts/benchmark.py --list

Each contestant lives in a process of its own, so that one's memory settings and imports do not help another; the
processes take turns, A B C A B C …, one at work at a time. A turn is one run that is not timed, as the others have left
the caches full of their own, and one that is. `bare` is plain PyTorch: frozen parameters, the unchanged
network, truncated where possible, chunks of 8. Peers that are not installed (extra `bench`) are reported as absent.
A workload is a function in scripts/workloads/<file>.py that gives the contestants by name.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
PEERS = ("torch", "captum", "grad-cam", "torchcam", "torch-lucent", "lime")

Contestants = dict[str, Callable[[], Callable[[], object]]]


def workloads() -> dict[str, Callable[[], Contestants]]:
    """Every public function of scripts/workloads/*.py, by name."""
    sys.path.insert(0, str(HERE))
    found: dict[str, Callable[[], Contestants]] = {}
    for path in sorted((HERE / "workloads").glob("[!_]*.py")):
        module = importlib.import_module(f"workloads.{path.stem}")
        found |= {name: getattr(module, name) for name in getattr(module, "WORKLOADS", ())}
    return found


class Worker:
    """A contestant in a process of its own that takes a turn each time it is told to."""

    def __init__(self, workload: str, contestant: str, threads: int) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", workload, contestant],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.absent = self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else "its process ended"

    def seconds(self) -> float:
        """Have it take a turn."""
        assert self.process.stdin is not None
        print("go", file=self.process.stdin, flush=True)
        return float(self._answer())

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def work(workload: str, contestant: str) -> None:
    """The worker's side: prepare, say whether that went well, then take a turn per line read."""
    answer, sys.stdout = sys.stdout, sys.stderr  # what peers print is not an answer
    try:
        run = workloads()[workload]()[contestant]()
        run()
        problem = ""
    except ImportError as error:
        problem = f"not installed ({error.name})"
    except Exception as error:  # a peer that does not go with the other packages here is reported, too
        problem = f"{type(error).__name__}: {error}"
    print(json.dumps(problem), file=answer, flush=True)
    for _ in sys.stdin:
        run()
        started = time.perf_counter()
        run()
        print(time.perf_counter() - started, file=answer, flush=True)


def measure(name: str, contestants: list[str], rounds: int, threads: int) -> dict[str, object]:
    """Seconds of every contestant in every round, and ratios round by round."""
    workers = {contestant: Worker(name, contestant, threads) for contestant in contestants}
    absent = {contestant: worker.absent for contestant, worker in workers.items() if worker.absent}
    present = [contestant for contestant in contestants if contestant not in absent]
    seconds: dict[str, list[float]] = {contestant: [] for contestant in present}
    for _ in range(rounds):
        for contestant in present:
            seconds[contestant].append(workers[contestant].seconds())
    for worker in workers.values():
        worker.stop()
    rows = {}
    for contestant, taken in seconds.items():
        rows[contestant] = {
            "median": statistics.median(taken),
            "least": min(taken),
            "most": max(taken),
            "to_first": statistics.median(a / b for a, b in zip(taken, seconds[present[0]], strict=True)),
            "to_bare": statistics.median(a / b for a, b in zip(taken, seconds["bare"], strict=True))
            if "bare" in seconds
            else None,
        }
    return {"seconds": rows, "absent": absent}


def settings(rounds: int, threads: int) -> dict[str, object]:
    """What the figures depend on."""
    versions = {}
    for package in PEERS:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    return {"rounds": rounds, "threads": threads, "cpu": cpu, "python": platform.python_version(), "versions": versions}


def show(name: str, measured: dict[str, object]) -> None:
    """A workload's table."""
    print(f"\n{name}")
    print(f"  {'':34}{'median':>9}{'least':>9}{'most':>9}{'to bare':>9}{'to foodviz':>12}")
    for contestant, row in measured["seconds"].items():  # type: ignore[attr-defined]
        bare = f"{row['to_bare']:.2f}" if row["to_bare"] is not None else ""
        print(
            f"  {contestant:34}{row['median']:8.2f}s{row['least']:8.2f}s{row['most']:8.2f}s{bare:>9}"
            f"{row['to_first']:12.2f}"
        )
    for contestant, reason in measured["absent"].items():  # type: ignore[attr-defined]
        print(f"  {contestant:34}absent: {reason}")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", help="names of workloads; all without any")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", metavar="FILE", help="also write everything there")
    parser.add_argument("--list", action="store_true", help="only list the workloads")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(*asked.work)
        return
    known = workloads()
    unknown = [name for name in asked.workloads if name not in known]
    if unknown:
        parser.error(f"no workload {unknown[0]!r}; there are: {', '.join(known)}")
    if asked.list:
        for name, workload in known.items():
            print(f"{name:24}{(workload.__doc__ or '').splitlines()[0]}")
        return
    report: dict[str, object] = {"settings": settings(asked.rounds, asked.threads)}
    print(json.dumps(report["settings"]))
    for name in asked.workloads or known:
        report[name] = measure(name, list(known[name]()), asked.rounds, asked.threads)
        show(f"{name}: {(known[name].__doc__ or '').splitlines()[0]}", report[name])  # type: ignore[arg-type]
    if asked.json:
        Path(asked.json).write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
