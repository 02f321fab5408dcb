"""Bad and odd inputs by kinds, thousands of them, each in a child process of its own.

    python scripts/torture.py                                    1,000 of each kind
    python scripts/torture.py --kinds rerun hostile --n 100 --seed 7
    python scripts/torture.py --kinds faults memory network      scenes of many runs: minutes each
    python scripts/torture.py --only 'part of a name'            one case again, its output shown

A case is right where: the exit code is 0, 1, 2 or 130; with 0 there is no error line, else exactly one, the last on
stderr; no traceback, no warning, no control character; nothing new outside of --out and the cache, every file whole; in
time, below 3 GB; and no code of a stranger ran. Some cases know more: what must work, what must be refused. The exit
code is 1 where something was wrong. Everything is decided by the seed but the moments at which other processes run.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import random
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: children are forked

from torture import checkpoints, datasets, faults, hostile, material, options, pictures, process, reruns
from torture.runner import Runner

CASES = {"options": options, "pictures": pictures, "datasets": datasets, "checkpoints": checkpoints}
CASES |= {"hostile": hostile, "rerun": reruns}
SCENES = {"faults": faults.play, "memory": process.memory, "network": process.network}


def prepared(work: Path, dice: random.Random, *, share: float = 0.03, show: bool = False) -> Runner:
    """A runner with everything imported that its children need, and its material made."""
    import foodviz

    for each in pkgutil.walk_packages(foodviz.__path__, "foodviz."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
    for name in ("matplotlib.backends.backend_agg", "torchvision.models", "skimage.segmentation", "tqdm"):
        importlib.import_module(name)
    runner = Runner(work.resolve(), dice, share, show)
    material.make(runner)
    return runner


def drawn(kind: str, seed: int, runner: Runner, count: int) -> list:
    """`count` cases of a kind in an order that the seed decides."""
    cases = list(CASES[kind].cases(random.Random(f"{seed} {kind}"), runner.base))
    random.Random(f"{seed} order {kind}").shuffle(cases)
    return cases[:count]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=[*CASES, *SCENES], default=list(CASES))
    parser.add_argument("--n", type=int, default=1000, help="cases of each kind at most")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin nothing after so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("torture-work"), help="for the boxes, the log, the cache")
    parser.add_argument("--only", help="run the cases with this in their names, show their output, keep their boxes")
    asked = parser.parse_args()
    runner = prepared(asked.work, random.Random(asked.seed), show=bool(asked.only))
    until = time.monotonic() + asked.seconds
    for kind in asked.kinds:
        if kind in SCENES:
            SCENES[kind](runner, random.Random(f"{asked.seed} {kind}"), until)
            continue
        cases = drawn(kind, asked.seed, runner, sys.maxsize if asked.only else asked.n)
        runner.try_all((case for case in cases if (asked.only or "") in case.name), until)
    for kind in dict.fromkeys(verdict.kind for verdict in runner.verdicts):
        mine = [verdict for verdict in runner.verdicts if verdict.kind == kind]
        wrong = sum(bool(verdict.wrong) for verdict in mine)
        slowest, most = max(verdict.seconds for verdict in mine), max(verdict.peak for verdict in mine)
        right = f"{len(mine) - wrong} right, {wrong} wrong"
        print(f"{kind}: {len(mine)} tried, {right}; slowest {slowest:.0f} s, most {most} MB")
    return int(any(verdict.wrong for verdict in runner.verdicts))


if __name__ == "__main__":
    sys.exit(main())
