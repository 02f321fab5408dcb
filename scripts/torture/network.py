"""No command opens a socket; strace watches. (What a page does in a browser is in tests/test_browser.py.)"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import time

from torture.faults import SCENES, args_of
from torture.material import cheap
from torture.runner import Runner, make_box


def play(runner: Runner, _dice: random.Random, until: float) -> None:
    if not shutil.which("strace"):
        print("  no strace here: the network is not watched")
        return
    lines = {name: args_of(name) for name in SCENES}
    lines |= {name: list(cheap(name)) for name in ("inspect", "layers", "filters", "activations", "sample")}
    lines["rerun"] = ["rerun", "@BASE/runs/saliency.json", "--check"]
    for name, args in lines.items():
        if time.monotonic() > until:
            return
        box = runner.work / "network" / name
        make_box(box)
        words = [runner.command, *(runner.placed(each, box) for each in args)]
        watch = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(box / "calls")]
        done = subprocess.run(
            [*watch, *words], capture_output=True, text=True, cwd=box, env=runner.environment(box, {})
        )
        opened = re.findall(r".*\b(?:socket|connect|bind|sendto)\(.*AF_(?:INET|NETLINK).*", (box / "calls").read_text())
        found = [f"opens sockets: {opened[0][:150]}"] if opened else []
        runner.note("network", name, found + ([done.stderr[-200:]] if done.returncode else []))
