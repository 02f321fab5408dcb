"""Many calls in one process, and large inputs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import time
from pathlib import Path

import numpy as np
from PIL import Image

from torture.runner import Runner

# Calls and what they may add, MB, after the first tenth.
CALLS = {"saliency --ids {}": 300, "lime --ids {} --samples 60": 60, "filters --filters {} --steps 2": 30}
CALLS["dream --ids {} --steps 2 --every 1"] = 30
GROWTH = 20
LARGE = (
    *("saliency", "dream --steps 2 --every 1", "dream --recipe octaves --steps 1 --every 1"),
    "dream --recipe octaves --steps 1 --every 1 --size 2048",
)


def play(runner: Runner, _dice: random.Random, until: float) -> None:
    for line, count in CALLS.items():
        if time.monotonic() < until:
            sizes = _sizes(runner, line, count)
            found = [] if len(sizes) == count else ["a call failed"]
            growth = sizes[-1] - sizes[count // 10] if not found else 0
            found += [f"grew by {growth} MB"] if growth > GROWTH else []
            runner.note("memory", f"{count} times {line}: {sizes[:1]} to {sizes[-1:]} MB", found)
    big = runner.work / "big.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((12_000, 9_000)).save(big, quality=85)
    for line in LARGE:
        args = [*line.split(), "--image", str(big), "--dpi", "40", "--out", "@OUT"]
        done = runner.run(args, runner.work / "large", seconds=200)
        found = [done.end or done.err[-200:]] if done.code else []
        runner.note("memory", f"{line} of 12000x9000: {done.peak} MB", found, done)


def _sizes(runner: Runner, line: str, count: int) -> list[int]:
    """Memory of one process after each of many calls, MB."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        from foodviz.cli import cli

        sizes = []
        with contextlib.suppress(BaseException), contextlib.redirect_stderr(io.StringIO()):
            for number in range(count):
                args = [*line.format(number).split(), "--dpi", "40", "--quiet", "--out", str(runner.work / "calls")]
                cli.main(args, standalone_mode=False)
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                sizes.append(pages * resource.getpagesize() >> 20)
        os.write(writer, json.dumps(sizes).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return json.loads(text or "[]")
