"""Kills, interrupts, full disks, damaged caches and two at once, by runs that take a little longer."""

import itertools
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from torture.case import Case, Outcome
from torture.material import cut, flipped
from torture.runner import Runner
from torture.table import quick

RUNS = (
    *("saliency --ids 57 3207", "lime --ids 57 --samples 200", "dream --steps 12 --every 2", "confusion", "reliance"),
    *("report --sections saliency activations confusion --data @BASE/data --ids 0", "atlas --layers 16 --filters 7 8"),
    "train --limit 8 --epochs 4 --size 32 --batch-size 4",
)
KILLS, INTERRUPTS, DAMAGES = 50, 30, 100  # kills for each of the runs
LATE = 10  # seconds until an interrupt ends a run: an import is finished before
TWO = "fine 300s +tmp: export FOODVIZ_CACHE=@BOX/tmp/cache; [{0}] && mv @OUT @BOX/tmp/alone"
TWO += " && rm -rf $FOODVIZ_CACHE && ([{0}] & [{0}] & wait -n && wait -n)"
FULL = (
    "any 120s +disk: unshare -m bash -c '{} && [{} --out @BOX/disk/out/m.safetensors]; code=$?;"
    " cp -r @BOX/disk/out @OUT 2>/dev/null; exit $code'",
    "fine 120s +disk: unshare -m bash -c '{} && FOODVIZ_CACHE=@BOX/disk/cache [{}]'",
)
MOUNT = "mkdir @BOX/disk && mount -t tmpfs -o size={8k,60k,120k,700k,3m},mode=777 tmpfs @BOX/disk"
CACHED = ("confusion", "filters --scan 20 --data @BASE/data", "saliency --model @BASE/tiny.pth --data @BASE/data")


def lines(dice: random.Random) -> Iterator[str]:
    """Ctrl-C: exit code 130 and one line. Two at once: as one. A full disk: one line; under the cache, time only."""
    for number in range(INTERRUPTS):
        moment = dice.choice((dice.uniform(0.02, 0.3), dice.uniform(0.3, 2), dice.uniform(1.5, 6)))
        command = f"timeout --preserve-status -s INT {moment:.2f} [{RUNS[number % len(RUNS)]}]"
        yield f"stopped {moment + LATE:.2f}s: {command}"
    yield from map(TWO.format, RUNS)
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True).returncode:
        print("  no tmpfs can be mounted here: full disks are not tried")
    else:
        yield from (line.format(MOUNT, run) for line in FULL for run in (*RUNS, "filters", "sample"))


def after(box: Path, outcome: Outcome) -> list[str]:
    """Two at once give what one alone gave."""
    return _same(box / "tmp/alone", box, outcome) if (box / "tmp/alone").exists() else []


def more(dice: random.Random, runner: Runner) -> list[Iterator[Case]]:
    return [*(kills(run, dice, runner) for run in RUNS), damaged_caches(dice, runner)]


def kills(run: str, dice: random.Random, runner: Runner) -> Iterator[Case]:
    """SIGKILL at any moment leaves whole files, and the same command then gives the same values."""
    top = runner.work / "kills" / run.split()[0]
    shutil.rmtree(top, ignore_errors=True)
    whole = Case("faults", run, quick(run), seconds=300, cache="@BOX/cache", kept=("cache",))
    cold, warm = runner.run(whole, top), runner.run(whole, top)
    used = partial(shutil.copytree, top, dirs_exist_ok=True)

    def again(box: Path, _outcome: Outcome) -> list[str]:
        done = runner.run(replace(whole, args=(*whole.args, *["--resume"] * run.startswith("train"))), box)
        return [f"then fails: {done.err[-200:]}"] if done.code else _same(top / "out", box, done)

    for number in range(KILLS):
        second = number % 2  # over older results, with a cache, and where files are written
        moment = (warm if second else cold).seconds * dice.uniform(0.6 * second, 1)
        case = replace(whole, name=f"SIGKILL {number} after {moment:.2f} s: {run}", expect="killed", seconds=moment)
        yield replace(case, make=used if second else None, after=again if number % 3 == 0 else None)


def damaged_caches(dice: random.Random, runner: Runner) -> Iterator[Case]:
    """Whatever becomes of a file of the cache: the values and the manifest are the same."""
    top = runner.work / "caches"
    shutil.rmtree(top, ignore_errors=True)
    for run in CACHED:
        runner.run(Case("faults", run, quick(run), cache=f"{top}/cache"), top / run.split()[0])

    def damage(box: Path) -> None:
        shutil.copytree(top / "cache", box / "cache", copy_function=shutil.copy2)
        file = dice.choice(sorted(path for path in (box / "cache").rglob("*") if path.is_file()))
        data = file.read_bytes()
        ways = (flipped(data, dice), flipped(data, dice, 8), cut(data, dice), b"hello", bytes(len(data)), b"")
        file.write_bytes(dice.choice(ways))

    for number, run in zip(range(DAMAGES), itertools.cycle(CACHED)):
        case = Case("faults", f"damaged cache {number}: {run}", quick(run), make=damage, expect="fine", kept=("cache",))
        yield replace(case, cache="@BOX/cache", after=partial(_same, top / run.split()[0] / "out"))


def _same(expected: Path, box: Path, _outcome: Outcome) -> list[str]:
    """What is not the same in a folder of results and in the box's."""
    one, other = _content(expected), _content(box / "out")
    return [f"other content: {name}" for name in one.keys() | other.keys() if one.get(name) != other.get(name)][:3]


def _content(folder: Path) -> dict[str, bytes]:
    """Every file of values and facts, but for where it is."""
    files = [path for path in folder.rglob("[!.]*") if path.suffix in (".npz", ".safetensors", ".json")]
    return {str(path.relative_to(folder)): re.sub(rb"/[^\"' ]+/out", b"", path.read_bytes()) for path in files}
