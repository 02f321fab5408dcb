"""What a process takes: many calls in one, large inputs, and no socket, which strace watches.

What a page does in a browser is in tests/test_browser.py.
"""

import contextlib
import io
import json
import os
import re
import shutil
import time

import numpy as np
from PIL import Image

from torture.case import Case
from torture.faults import SCENES, args_of
from torture.material import cheap
from torture.runner import Runner, make_box, memory_of, watch

# Calls, and how often.
CALLS = {"saliency --ids {}": 300, "lime --ids {} --samples 60": 60, "filters --filters {} --steps 2": 30}
CALLS["dream --ids {} --steps 2 --every 1"] = 30
GROWTH = 20  # MB, after the first tenth
LARGE = (
    *("saliency", "dream --steps 2 --every 1", "dream --recipe octaves --steps 1 --every 1"),
    "dream --recipe octaves --steps 1 --every 1 --size 2048",
)
SOCKETS = r".*\b(?:socket|connect|bind|sendto)\(.*AF_(?:INET|NETLINK).*"


def memory(runner: Runner, _dice, until: float) -> None:
    for line, count in CALLS.items():
        if time.monotonic() < until:
            sizes = _sizes(runner, line, count)
            growth = sizes[-1] - sizes[count // 10] if len(sizes) == count else 0
            found = [f"grew by {growth} MB"] if growth > GROWTH else []
            found += [] if len(sizes) == count else ["a call failed"]
            runner.note("memory", f"{count} times {line}: {sizes[:1]} to {sizes[-1:]} MB", found)
            print(f"  {count} times {line}: {growth} MB more after the first tenth")
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
    if os.fork() == 0:
        from foodviz.cli import cli

        sizes: list[int] = []
        with contextlib.suppress(BaseException), contextlib.redirect_stderr(io.StringIO()):
            for number in range(count):
                args = [*line.format(number).split(), "--dpi", "40", "--quiet", "--out", str(runner.work / "calls")]
                cli.main(args, standalone_mode=False)
                sizes.append(memory_of("self") >> 20)
        os.write(writer, json.dumps(sizes).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.wait()
    return json.loads(text or "[]")


def network(runner: Runner, _dice, until: float) -> None:
    if not shutil.which("strace"):
        print("  no strace here: the network is not watched")
        return
    lines = {name: args_of(name) for name in SCENES}
    lines |= {name: list(cheap(name)) for name in ("inspect", "layers", "filters", "activations", "sample")}
    lines["rerun"] = ["rerun", "@BASE/runs/saliency.json", "--check"]
    for name, args in lines.items():
        if time.monotonic() < until:
            box = runner.work / "network" / name
            make_box(box)
            line = f"strace -f -qq -e trace=network -o @BOX/calls FOODVIZ {' '.join(args)}"
            done = watch(runner.fork(Case("network", name, shell=line), box, real=True), 600, box)
            opened = re.findall(SOCKETS, (box / "calls").read_text())
            found = [f"opens sockets: {opened[0][:150]}"] if opened else []
            runner.note("network", name, found + ([done.err[-200:]] if done.code else []), done)
