"""Scenes of several runs: kills, interrupts, full disks, damaged caches, two at once. `faults` of the driver."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from torture.case import NOISE, Outcome, half_written
from torture.material import cheap, flipped
from torture.runner import Runner, make_box

SCENES = {
    "saliency": "--ids 57 3207 --dpi 60",
    "lime": "--ids 57 --samples 200 --dpi 60",
    "dream": "--steps 12 --every 2 --dpi 60",
    "confusion": "--data @BASE/data --dpi 60",
    "report": "--sections saliency activations confusion --data @BASE/data --ids 0 --dpi 60",
    "train": "--data @BASE/data --limit 8 --epochs 4 --size 32 --batch-size 4",
}
KILLS, INTERRUPTS, DAMAGES = 50, 30, 100


def play(runner: Runner, dice: random.Random, until: float) -> None:
    """All scenes, as long as there is time."""
    for scene in (kills, interrupts, full_disks, damaged_caches, two_at_once):
        if time.monotonic() < until:
            scene(runner, dice)


def args_of(command: str, out: str = "@OUT") -> list[str]:
    return [command, *SCENES[command].split(), "--out", out + "/m.safetensors" * (command == "train")]


def _run(runner: Runner, args: list[str], box: Path, cache: Path, seconds: float = 300) -> Outcome:
    return runner.run(args, box, env={"FOODVIZ_CACHE": str(cache)}, seconds=seconds)


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


def kills(runner: Runner, dice: random.Random) -> None:
    """SIGKILL at any moment leaves whole files, and the same command then gives the same values."""
    for command in SCENES:
        top = _fresh(runner, "kills", command)
        first = _run(runner, args_of(command), top / "first", top / "first-cache")
        expected = _values(top / "first/out")
        for number in range(KILLS):
            if number % 5 == 0:
                shutil.rmtree(top / "box", ignore_errors=True)
            args = args_of(command) + ["--resume"] * (command == "train" and number % 2)
            # every second one where files are written
            moment = first.seconds * dice.uniform(0.6 if number % 2 else 0.0, 1.0)
            done = _run(runner, args, top / "box", top / "cache", moment)
            found = half_written(top / "box/out", hidden=False)
            if number % 5 == 4:
                again = _run(runner, args, top / "box", top / "cache")
                values = _values(top / "box/out")
                found += [f"then fails: {again.err[-200:]}"] if again.code else _differ(expected, values)
            how = "SIGKILL" if done.end else "no SIGKILL, it ended before"
            runner.note("faults", f"{command} {number}: {how} at {moment:.2f} of {first.seconds:.2f} s", found, done)


def interrupts(runner: Runner, dice: random.Random) -> None:
    """Ctrl-C at any moment: exit code 130 and one line, soon."""
    for number in range(INTERRUPTS):
        command = list(SCENES)[number % len(SCENES)]
        box = _fresh(runner, "interrupts", str(number))
        moment = dice.choice((dice.uniform(0.02, 0.3), dice.uniform(0.3, 2), dice.uniform(1.5, 6)))
        with _command(runner, command, box) as child:
            time.sleep(moment)
            running = child.poll() is None
            child.send_signal(signal.SIGINT)
            begun = time.monotonic()
            try:
                err = child.communicate(timeout=30)[1]
            except subprocess.TimeoutExpired:
                child.kill()
                err = "hangs"
        lines = [line for line in err.replace("\r", "\n").split("\n") if line.strip()]
        found = half_written(box / "out") + (["traceback"] if NOISE.search(err) else [])
        if running and child.returncode != 0:  # it may have been at its end
            found += [] if child.returncode == 130 else [f"exit code {child.returncode}"]
            found += [] if lines[-1:] == ["error: stopped"] else [f"says {lines[-1:]}"]
        found += ["late"] if time.monotonic() - begun > 2 else []
        runner.note("faults", f"SIGINT {command} {number} after {moment:.2f} s", found)


def _command(runner: Runner, command: str, box: Path) -> subprocess.Popen[str]:
    """The real command in a box with a cache of its own."""
    make_box(box, anew=False)
    words = [runner.command, *(runner.placed(each, box) for each in args_of(command))]
    env = runner.environment(box, {"FOODVIZ_CACHE": "@BOX/cache"})
    pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, env=env, cwd=box / "cwd", **pipes)


def full_disks(runner: Runner, _dice: random.Random) -> None:
    """Results on a full disk end in one line; a cache on one costs time only."""
    mount = _fresh(runner, "full")
    plans = [(size, name, False) for size in ("16k", "120k", "700k", "3m") for name in (*SCENES, "sample", "inspect")]
    plans += [(size, name, True) for size in ("16k", "60k") for name in ("saliency", "confusion", "report", "filters")]
    for size, command, cache in plans:
        words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(mount)]
        if subprocess.run(words, capture_output=True).returncode:
            print("  no tmpfs can be mounted here: full disks are not tried")
            return
        try:
            box = _fresh(runner, "full-box")
            (mount / "fill").write_bytes(bytes(8192 if size == "16k" else 0))
            out = "@OUT" if cache else str(mount / "out")
            args = args_of(command, out) if command in SCENES else [*cheap(command), "--out", out]
            if command == "inspect":
                args = [*cheap("inspect"), "--save", f"{out}/c.toml"]
            done = _run(runner, args, box, (mount if cache else box) / "cache")
            found = half_written(mount / "out") + (["traceback"] if NOISE.search(done.err) else [])
            if done.code not in ((0,) if cache else (0, 1)):
                found.append(f"exit code {done.code}: {done.err[-200:]}")
            if done.code == 1 and (done.err.count("error:") != 1 or not done.lines[-1].startswith("error:")):
                found.append(f"says {done.lines[-2:]}")
            what = "cache" if cache else "results"
            runner.note("faults", f"{what} of {command} on a disk of {size}", found, done)
        finally:
            subprocess.run(["umount", "-l", mount], check=True)


def damaged_caches(runner: Runner, dice: random.Random) -> None:
    """Whatever becomes of a file of the cache: the values and the manifest are the same."""
    top = _fresh(runner, "caches")
    lines = ("confusion", "filters --filters 7 --steps 2 --scan 20", "saliency --model @BASE/tiny.pth --ids 0")
    ways = (
        *(lambda data: flipped(data, dice), lambda data: flipped(data, dice, 8), lambda data: data[: len(data) // 2]),
        *(lambda _: b"hello", lambda data: bytes(len(data)), lambda _: b""),
    )

    def result(line: str) -> tuple[Outcome, dict[str, np.ndarray], object]:
        shutil.rmtree(top / "box", ignore_errors=True)
        args = [*line.split(), "--data", "@BASE/data", "--dpi", "40", "--out", "@OUT"]
        done = _run(runner, args, top / "box", top / "cache")
        manifest = json.loads((top / f"box/out/{line.split()[0]}.json").read_text()) if not done.code else {}
        facts = {key: value for key, value in manifest.items() if key not in ("command_line", "settings")}
        return done, _values(top / "box/out"), facts

    expected = [result(line) for line in lines]
    shutil.copytree(top / "cache", top / "good")
    for number in range(DAMAGES):
        shutil.rmtree(top / "cache")
        shutil.copytree(top / "good", top / "cache", copy_function=shutil.copy2)
        file = dice.choice(sorted(path for path in (top / "cache").rglob("*") if path.is_file()))
        way, which = dice.randrange(len(ways)), number % len(lines)
        file.write_bytes(ways[way](file.read_bytes()))
        done, values, facts = result(lines[which])
        found = [f"exit code {done.code}: {done.err[-200:]}"] if done.code else _differ(expected[which][1], values)
        found += [] if found or facts == expected[which][2] else ["another manifest"]
        runner.note("faults", f"cache {file.parent.name} damaged {number}, {lines[which].split()[0]}", found, done)


def two_at_once(runner: Runner, _dice: random.Random) -> None:
    """Two equal commands into one folder and one cache: both work, and the values are those of one."""
    for command in SCENES:
        top = _fresh(runner, "two", command)
        _run(runner, args_of(command), top / "alone", top / "cache")
        children = [_command(runner, command, top / "box") for _ in range(2)]
        ends = [(child.communicate()[1][-200:], child.returncode) for child in children]
        found = [f"exit code {code}: {err}" for err, code in ends if code] + half_written(top / "box/out")
        found = found or _differ(_values(top / "alone/out"), _values(top / "box/out"))
        runner.note("faults", f"two {command} at once", found)
