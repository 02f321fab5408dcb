"""Bad and odd inputs by kinds, each in a child process of its own and judged.

    python scripts/torture.py --n 1000 --seed 7                  six kinds of cases, also named by --kinds
    python scripts/torture.py --kinds faults memory network      kills, full disks, many calls, strace: minutes each
    python scripts/torture.py --only 'part of a name'            one case again, its output shown, its box kept

A case is right where: the exit code is 0, 1, 2 or 130; with 0 there is no error line, else exactly one, the last on
stderr; no traceback, no warning, no control character; nothing new outside of --out and the cache, every file whole; in
time, below 3 GB; and no code of a stranger ran. Some cases know more: what must work, what must be refused. The seed
decides everything but when other processes run. torture/table.py says how cases are written down. The exit code is 1
where something was wrong.
"""

import argparse
import importlib
import os
import pkgutil
import sys
import time
from itertools import islice
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: children are forked

from torture import material
from torture.runner import Runner
from torture.table import cases_of

KINDS = ("options", "pictures", "datasets", "checkpoints", "hostile", "rerun")
SLOW_KINDS = ("faults", "memory", "network")


def prepared(work: Path, **settings: float) -> Runner:
    """A runner with everything imported that its children need, and its material made."""
    import foodviz

    for each in pkgutil.walk_packages(foodviz.__path__, "foodviz."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
    for name in ("matplotlib.backends.backend_agg", "torchvision.models", "skimage.segmentation", "tqdm"):
        importlib.import_module(name)
    runner = Runner(work.resolve(), **settings)
    material.make(runner)
    return runner


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS, *SLOW_KINDS], default=KINDS)
    parser.add_argument("--n", type=int, default=1000, help="cases in all, spread evenly over the kinds")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin nothing after so many")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--work", type=Path, default=Path("torture-work"), help="for the boxes, the log, the cache")
    parser.add_argument("--only", help="run the cases with this in their names, show their output, keep their boxes")
    asked = parser.parse_args()
    runner = prepared(asked.work, show=bool(asked.only))
    until, left = time.monotonic() + asked.seconds, asked.n
    for number, kind in enumerate(asked.kinds):
        cases = (case for case in cases_of(kind, asked.seed, runner) if (asked.only or "") in case.name)
        left -= runner.try_all(islice(cases, left // (len(asked.kinds) - number)), until)
    for kind in asked.kinds:
        mine = [verdict for verdict in runner.verdicts if verdict["kind"] == kind]
        wrong = sum(bool(verdict["wrong"]) for verdict in mine)
        slowest, most = (max((verdict[name] for verdict in mine), default=0) for name in ("seconds", "peak"))
        print(f"{kind}: {len(mine)} tried, {wrong} wrong; slowest {slowest:.0f} s, most {most} MB")
    return int(any(verdict["wrong"] for verdict in runner.verdicts))


if __name__ == "__main__":
    sys.exit(main())
