#!/usr/bin/env python3
"""What docs/scale.md says, measured: memory of a long pass, kills at random moments, processes against threads.

    python scripts/scale.py memory [--pictures 10000]    # resident memory of `saliency --all`, thousand by thousand
    python scripts/scale.py kills [--rounds 20]          # SIGKILL of all processes of `confusion`, then the same table
    python scripts/scale.py threads [--rounds 2]         # one process of two threads against two of one, `evaluate`
    python scripts/scale.py methods                      # processor time a picture of each method, one thread
    python scripts/scale.py machines                     # two launchers at two addresses of the loopback

Each works in a folder of its own below the system's temporary one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NET = """
from torch import nn

def net(classes):
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, classes),
    )
"""


def prepared(folder: Path, pictures: int) -> list[str]:
    """Flags for pictures of 48 pixels in three classes and a small random net."""
    import torch

    rng = np.random.default_rng(0)
    place = folder / "data/validation"
    place.mkdir(parents=True)
    for number in range(pictures):
        pixels = rng.integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(place / f"{number % 3}_{number}.png")
    (folder / "net.py").write_text(NET)
    scope: dict[str, object] = {}
    exec(NET, scope)
    torch.manual_seed(0)
    torch.save(scope["net"](3).state_dict(), folder / "net.pth")  # type: ignore[operator]
    return [
        "--data",
        "data",
        "--split",
        "validation",
        "--model",
        "net.pth",
        "--arch",
        "net.py:net",
        "--input-size",
        "48",
    ]


def environment(cache: Path, threads: int = 1) -> dict[str, str]:
    """Of a child: this tree's foodviz, a cache, threads."""
    return os.environ | {"PYTHONPATH": str(ROOT), "FOODVIZ_CACHE": str(cache), "OMP_NUM_THREADS": str(threads)}


def launch(processes: int) -> list[str]:
    """The command line's beginning, for one process or several."""
    if processes == 1:
        return [sys.executable, "-m", "foodviz"]
    start = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "foodviz"]
    return [sys.executable, "-m", *start]


def memory(folder: Path, pictures: int) -> None:
    """Resident memory after 1,000 pictures, after the pass, and with the page written."""
    flags = prepared(folder, pictures)
    code = f"""
import itertools, sys
from pathlib import Path
import foodviz
from foodviz.analysis.map_store import BATCH

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

def watch(items, what, *, total=None):
    for number, item in enumerate(items, 1):
        if number * BATCH // 1000 > (number - 1) * BATCH // 1000:
            print(f"{{number * BATCH:6}} pictures: {{resident():.0f}} MiB", flush=True)
        yield item

names = dict(zip(("data", "split", "model", "arch", "input_size"), {flags[1::2]!r}))
subject = foodviz.open_subject(**names | {{"input_size": int(names["input_size"])}}, progress=watch, say=print)
result = foodviz.saliency(subject, Path("out/saliency-maps"), all_=True, half=True, trust="none")
print(f"at the end: {{resident():.0f}} MiB")
result.save("out")
print(f"with the page: {{resident():.0f}} MiB")
"""
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(folder / "cache"), check=True)
    store = sum(file.stat().st_size for file in (folder / "out/saliency-maps").iterdir())
    page = (folder / "out/saliency-maps.html").stat().st_size
    print(f"store {store / 1e6:.1f} MB, page {page / 1e6:.1f} MB")


def kills(folder: Path, rounds: int) -> None:
    """Kill all at a random moment, again and again, each time with another number of processes; then compare."""
    command = ["confusion", *prepared(folder, 3000), "--quiet", "--dpi", "30"]
    subprocess.run([*launch(1), *command, "--out", "whole"], cwd=folder, env=environment(folder / "c0"), check=True)
    draw, again = random.Random(0), 0
    for number in range(rounds):
        cache, out = folder / f"c{number + 1}", f"out{number}"
        count, moment = draw.choice((1, 2, 3)), draw.uniform(2, 12)
        run = subprocess.Popen(
            [*launch(count), *command, "--out", out], cwd=folder, env=environment(cache), start_new_session=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            run.wait(moment)
        except subprocess.TimeoutExpired:
            children = subprocess.run(["pgrep", "-P", str(run.pid)], capture_output=True, text=True).stdout.split()
            for process in (run.pid, *map(int, children)):
                os.kill(process, signal.SIGKILL)
            run.wait()
        kept = {file: file.stat().st_mtime_ns for file in cache.glob("predictions/*.npz")}
        done = [*launch(draw.choice((1, 2, 3))), *command, "--out", out]
        subprocess.run(done, cwd=folder, env=environment(cache), check=True, stderr=subprocess.DEVNULL)
        repeated = sum(file.stat().st_mtime_ns != stamp for file, stamp in kept.items())
        same = all((folder / out / name).read_bytes() == (folder / "whole" / name).read_bytes() for name in TABLES)
        again = max(again, repeated)
        print(
            f"{number + 1}: {count} processes, killed after {moment:.1f} s with {len(kept)} parts kept, {repeated} of "
        )
        print(f"   them made again; table {'the same' if same else 'ANOTHER'}", flush=True)
        if not same:
            sys.exit(1)


TABLES = ("confusion.csv", "confusion-predictions.csv")


def threads(folder: Path, rounds: int) -> None:
    """Seconds of the same evaluation by one process of two threads, and by two of one."""
    command = ["evaluate", "--limit", "16", "--method", "gradient", "smoothgrad", "gradcam", "--quiet", "--dpi", "30"]
    for number in range(rounds):
        for processes in (1, 2):
            start = time.monotonic()
            subprocess.run(
                [*launch(processes), *command], cwd=folder, check=True, stderr=subprocess.DEVNULL,
                env=environment(folder / f"c{number}{processes}", 3 - processes),
            )  # fmt: skip
            print(f"{processes} x {3 - processes} threads: {time.monotonic() - start:.1f} s", flush=True)


def methods() -> None:
    """Processor milliseconds a picture on the sample's model, 128x128, one thread, eight pictures at once."""
    import torch

    import foodviz
    from foodviz import models
    from foodviz.analysis import hiding, trust
    from foodviz.analysis.attributing import Attributing
    from foodviz.analysis.photographs import Photographs
    from foodviz.errors import InputError
    from foodviz.methods.attribution import catalogue
    from foodviz.methods.attribution.score import logit

    torch.set_num_threads(1)
    subject = foodviz.open_subject(device="cpu", split="validation", say=lambda _: None)
    split = subject.split()
    pictures = Photographs.of(subject, split, split.spread(8))
    targets, model = pictures.targets("predicted"), models.fast(subject.classifier)
    covers = hiding.covers(pictures, model, targets, "auto")

    def timed(name: str, work: Callable[[], object]) -> None:
        start = time.process_time()
        work()
        print(f"{name:24} {1000 * (time.process_time() - start) / len(pictures):8.0f} ms", flush=True)

    timed("reading (drawn pictures)", lambda: subject.read(split, range(len(pictures))))
    timed("forward", lambda: model(pictures.images))
    for name in catalogue.METHODS:
        try:
            method = Attributing.of(
                pictures, targets, name, catalogue.chosen(name, {}), model, score=logit, covers=covers
            )
            timed(name, lambda: method(pictures.images))  # noqa: B023
        except InputError as reason:
            print(f"{name}: {reason}")
    method = Attributing.of(pictures, targets, "gradient", {}, model, score=logit)
    maps = method(pictures.images)
    timed(
        "trust, quick, of one map", lambda: trust.of_maps(pictures, [maps], covers, targets, "quick", model, [method])
    )


def machines(folder: Path) -> None:
    """Two launchers, as on two machines, that find each other at 127.0.0.1 from 127.0.0.1 and 127.0.0.2."""
    command = ["-m", "foodviz", "confusion", *prepared(folder, 3000), "--quiet", "--dpi", "30"]
    nodes = []
    for rank, address in enumerate(("127.0.0.1", "127.0.0.2")):
        where = ["--nnodes", "2", "--node-rank", str(rank), "--nproc-per-node", "1", "--local-addr", address]
        meet = ["--master-addr", "127.0.0.1", "--master-port", "29517"]
        line = [sys.executable, "-m", "torch.distributed.run", *where, *meet, *command, "--out", "two"]
        nodes.append(subprocess.Popen(line, cwd=folder, env=environment(folder / "c2")))
    print("ended with", [node.wait() for node in nodes])
    alone = [*launch(1), *command[2:], "--out", "one"]
    subprocess.run(alone, cwd=folder, env=environment(folder / "c1"), check=True)
    same = all((folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes() for name in TABLES)
    print("table", "the same" if same else "ANOTHER")


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["memory", "kills", "threads", "methods", "machines"])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.what == "memory":
            memory(folder, options.pictures)
        elif options.what == "kills":
            kills(folder, options.rounds or 20)
        elif options.what == "threads":
            threads(folder, options.rounds or 2)
        elif options.what == "methods":
            methods()
        else:
            machines(folder)


if __name__ == "__main__":
    main()
