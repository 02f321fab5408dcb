"""Scenes of several runs: kills, interrupts, full disks, damaged caches, two at once. `faults` of the driver."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from torture.case import NOISE, Outcome, half_written
from torture.material import cheap, flipped
from torture.runner import Runner, watch

SCENES = {
    "saliency": "--ids 57 3207 --dpi 60",
    "lime": "--ids 57 --samples 200 --dpi 60",
    "dream": "--steps 12 --every 2 --dpi 60",
    "confusion": "--data @BASE/data --dpi 60",
    "report": "--sections saliency activations confusion --data @BASE/data --ids 0 --dpi 60",
    "train": "--data @BASE/data --limit 8 --epochs 4 --size 32 --batch-size 4",
}
KILLS, INTERRUPTS, DAMAGES = 50, 30, 100
# Sizes of a disk for results, and of one for the cache.
FULL = {"16k": ["", "cache"], "60k": ["cache"], "120k": [""], "700k": [""], "3m": [""]}
LINES = ("confusion", "filters --filters 7 --steps 2 --scan 20", "saliency --model @BASE/tiny.pth --ids 0")


def play(runner: Runner, dice, until: float) -> None:
    """All scenes, as long as there is time."""
    for scene in (kills, interrupts, full_disks, damaged_caches, two_at_once):
        if time.monotonic() < until:
            scene(runner, dice)


def args_of(command: str, out: str = "@OUT") -> list[str]:
    return [command, *SCENES[command].split(), "--out", out + "/m.safetensors" * (command == "train")]


def _fresh(runner: Runner, *names: str) -> Path:
    """An empty folder for a scene."""
    top = runner.work.joinpath(*names)
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    return top


def _values(folder: Path) -> dict[str, np.ndarray]:
    """Every array of the results in a folder, by file and name."""
    found = {}
    for path in sorted(folder.rglob("[!.]*.npz")):
        with np.load(path) as arrays:
            found |= {f"{path.relative_to(folder)} {name}": arrays[name] for name in arrays.files}
    for path in sorted(folder.rglob("[!.]*.safetensors")):
        found |= load_file(path)
    return found


def _differ(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    same = one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)
    return [] if same else ["other values"]


def kills(runner: Runner, dice) -> None:
    """SIGKILL at any moment leaves whole files, and the same command then gives the same values."""
    for command in SCENES:
        top = _fresh(runner, "kills", command)
        for box in ("first", "second"):  # the second run has a cache, as those that are killed have soon
            first = runner.run(args_of(command), top / box, cache=top / "cache")
        expected = _values(top / "first/out")
        for number in range(KILLS):
            if number % 5 == 0:
                shutil.rmtree(top / "box", ignore_errors=True)
            args = args_of(command) + ["--resume"] * (command == "train" and number % 2)
            # every second one where files are written
            moment = first.seconds * dice.uniform(0.6 if number % 2 else 0.0, 1.0)
            done = runner.run(args, top / "box", seconds=moment, cache=top / "cache")
            found = half_written(top / "box/out", hidden=False)
            if number % 5 == 4:
                again = runner.run(args, top / "box", cache=top / "cache")
                found += (
                    [f"then fails: {again.err[-200:]}"] if again.code else _differ(expected, _values(top / "box/out"))
                )
            how = "SIGKILL" if done.end else "no SIGKILL, it ended before"
            runner.note("faults", f"{command} {number}: {how} at {moment:.2f} of {first.seconds:.2f} s", found, done)


def interrupts(runner: Runner, dice) -> None:
    """Ctrl-C at any moment: exit code 130 and one line, soon: an import is finished before."""
    whole = watch(runner.begin(["layers"], _fresh(runner, "interrupts")), 300, runner.work / "interrupts").seconds
    for number in range(INTERRUPTS):
        command, box = list(SCENES)[number % len(SCENES)], _fresh(runner, "interrupts", str(number))
        moment = dice.choice((dice.uniform(0.02, 0.3), dice.uniform(0.3, 2), dice.uniform(1.5, 6)))
        child = runner.begin(args_of(command), box, cache=box / "cache")
        time.sleep(moment)
        running = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        os.kill(child, signal.SIGINT)
        done = watch(child, 30, box)
        found = (
            half_written(box / "out") + (["traceback"] if NOISE.search(done.err) else []) + [done.end] * bool(done.end)
        )
        if running and done.code != 0:  # it may have been at its end
            found += [] if done.code == 130 else [f"exit code {done.code}"]
            found += [] if done.lines[-1:] == ["error: stopped"] else [f"says {done.lines[-1:]}"]
        found += ["late"] if done.seconds > max(2, whole) else []
        runner.note("faults", f"SIGINT {command} {number} after {moment:.2f} s", found, done)


def full_disks(runner: Runner, _dice) -> None:
    """Results on a full disk end in one line; a cache on one costs time only."""
    mount = _fresh(runner, "full")
    for_cache = ("saliency", "confusion", "report", "filters")
    plans = [(size, what) for size, whats in FULL.items() for what in whats]
    for size, what in plans:
        for command in for_cache if what else (*SCENES, "sample", "inspect"):
            words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(mount)]
            if subprocess.run(words, capture_output=True).returncode:
                print("  no tmpfs can be mounted here: full disks are not tried")
                return
            try:
                (mount / "fill").write_bytes(bytes(8192 if size == "16k" else 0))
                found, done = _on_full_disk(runner, mount, command, "@OUT" if what else str(mount / "out"))
            finally:
                subprocess.run(["umount", "-l", mount], check=True)
            runner.note("faults", f"{what or 'results'} of {command} on a disk of {size}", found, done)


def _on_full_disk(runner: Runner, mount: Path, command: str, out: str) -> tuple[list[str], Outcome]:
    args = args_of(command, out) if command in SCENES else [*cheap(command), "--out", out]
    args = [*cheap("inspect"), "--save", f"{out}/c.toml"] if command == "inspect" else args
    box = _fresh(runner, "full-box")
    done = runner.run(args, box, cache=(mount if out == "@OUT" else box) / "cache")
    found = half_written(mount / "out") + (["traceback"] if NOISE.search(done.err) else [])
    if done.code not in ((0,) if out == "@OUT" else (0, 1)):
        found.append(f"exit code {done.code}: {done.err[-200:]}")
    if done.code == 1 and (done.err.count("error:") != 1 or not done.lines[-1].startswith("error:")):
        found.append(f"says {done.lines[-2:]}")
    return found, done


def damaged_caches(runner: Runner, dice) -> None:
    """Whatever becomes of a file of the cache: the values and the manifest are the same."""
    top = _fresh(runner, "caches")
    ways = (
        *(lambda data: flipped(data, dice), lambda data: flipped(data, dice, 8), lambda data: data[: len(data) // 2]),
        *(lambda _: b"hello", lambda data: bytes(len(data)), lambda _: b""),
    )

    def result(line: str) -> tuple[Outcome, dict[str, np.ndarray], object]:
        shutil.rmtree(top / "box", ignore_errors=True)
        args = [*line.split(), "--data", "@BASE/data", "--dpi", "40", "--out", "@OUT"]
        done = runner.run(args, top / "box", cache=top / "cache")
        manifest = json.loads((top / f"box/out/{line.split()[0]}.json").read_text()) if not done.code else {}
        facts = {key: value for key, value in manifest.items() if key not in ("command_line", "settings")}
        return done, _values(top / "box/out"), facts

    expected = [result(line) for line in LINES]
    shutil.copytree(top / "cache", top / "good")
    for number in range(DAMAGES):
        shutil.rmtree(top / "cache")
        shutil.copytree(top / "good", top / "cache", copy_function=shutil.copy2)
        file = dice.choice(sorted(path for path in (top / "cache").rglob("*") if path.is_file()))
        way, which = dice.randrange(len(ways)), number % len(LINES)
        file.write_bytes(ways[way](file.read_bytes()))
        done, values, facts = result(LINES[which])
        found = [f"exit code {done.code}: {done.err[-200:]}"] if done.code else _differ(expected[which][1], values)
        found += [] if found or facts == expected[which][2] else ["another manifest"]
        runner.note("faults", f"cache {file.parent.name} damaged {number}, {LINES[which].split()[0]}", found, done)


def two_at_once(runner: Runner, _dice) -> None:
    """Two equal commands into one folder and one cache: both work, and the values are those of one."""
    for command in SCENES:
        top = _fresh(runner, "two", command)
        runner.run(args_of(command), top / "alone", cache=top / "cache")
        children = [runner.begin(args_of(command), top / "box", cache=top / "cache") for _ in range(2)]
        ends = [watch(child, 300, top / "box") for child in children]
        found = [f"exit code {done.code}: {done.err[-200:]}" for done in ends if done.code]
        found += half_written(top / "box/out")
        found = found or _differ(_values(top / "alone/out"), _values(top / "box/out"))
        runner.note("faults", f"two {command} at once", found, ends[0])
