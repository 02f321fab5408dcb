"""A pass that several workers share: the rows of one alone, whoever dies, whenever, and whatever is damaged.

Most workers here are threads with counters of their own; the processes below find each other as torchrun's do.
"""

import contextlib
import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from test_sweep import SIZE, Killed, split_of

from foodviz.analysis import sweep as pass_of
from foodviz.analysis.subject import Subject
from foodviz.analysis.sweep import SweepRows, sweep
from foodviz.data import open_dataset
from foodviz.work_queue import OwnCounters, WorkQueue

PICTURES = 60
SPLIT = split_of(PICTURES, (5, 31))
PART = 4  # pictures, in two batches


@pytest.fixture
def cache(monkeypatch, tmp_path) -> Path:
    """Of the pass; parts are small."""
    monkeypatch.setattr(pass_of, "BATCH", PART // 2)
    monkeypatch.setattr(pass_of, "BATCHES", 2)
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/means"


class Worker(threading.Thread):
    """One worker; it dies at its batch number `last`."""

    def __init__(self, queue: WorkQueue, last: int = 1000) -> None:
        super().__init__()
        self.queue, self.last = queue, last
        self.seen: list[float] = []
        self.rows: SweepRows | None = None

    def work(self, images):
        if len(self.seen) == self.last:
            raise Killed
        self.seen.append(float(images.sum()))
        time.sleep(0.001)
        return images.mean((2, 3)).numpy()

    def run(self):
        subject = Subject(open_dataset(), lambda _: pytest.fail("no model is needed"), say=lambda _: None)
        _QUEUE.mine = self.queue
        with contextlib.suppress(Killed):
            self.rows = sweep(subject, SPLIT, range(PICTURES), SIZE, self.work, kind="means", key=["k"])


_QUEUE = threading.local()


class LockedCounters(OwnCounters):
    """Counters for threads."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def add(self, name, amount):
        with self.lock:
            return super().add(name, amount)


def run(monkeypatch, count: int, lasts: tuple[int, ...] = ()) -> list[Worker]:
    """Workers that share the pass until they die or all is done."""
    counters = LockedCounters()
    pieces = PICTURES // PART
    monkeypatch.setattr(pass_of, "shared_queue", lambda pieces, seen: _QUEUE.mine)  # noqa: ARG005
    deaths = (*lasts, *[1000] * count)[:count]
    workers = [Worker(WorkQueue(counters, "q", pieces), last) for last in deaths]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return workers


def same(one: SweepRows, other: SweepRows) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("ids", "values", "digests", "skipped")
    )


@pytest.fixture
def alone(cache, monkeypatch) -> SweepRows:
    """The rows that one worker computes."""
    (worker,) = run(monkeypatch, 1)
    for file in cache.iterdir():
        file.unlink()
    assert worker.rows is not None
    assert len(worker.rows.ids) == PICTURES - 2
    return worker.rows


@pytest.mark.parametrize("count", [2, 4])
def test_any_number_of_workers_gives_each_of_them_the_rows_of_one(alone, monkeypatch, count):
    workers = run(monkeypatch, count)
    assert all(same(worker.rows, alone) for worker in workers)
    assert all(worker.seen for worker in workers)


def test_the_others_finish_what_one_that_dies_has_in_hand(alone, monkeypatch):
    dead, *living = run(monkeypatch, 3, lasts=(3,))
    assert dead.rows is None
    assert all(same(worker.rows, alone) for worker in living)


@pytest.mark.parametrize("seed", range(3))
def test_killed_all_at_any_moment_and_begun_again_by_others_it_ends_the_same(alone, monkeypatch, cache, seed):
    draw = random.Random(seed)
    batches = PICTURES // PART * 2
    done: dict[Path, int] = {}
    for count in (2, 3):
        run(monkeypatch, count, tuple(draw.randrange(batches // 3) for _ in range(count)))
        now = {file: file.stat().st_mtime_ns for file in cache.iterdir()}
        assert now | done == now  # what was done is not done again
        done = now
    workers = run(monkeypatch, 4)
    assert all(same(worker.rows, alone) for worker in workers)


def test_a_damaged_part_is_noticed_and_made_again(alone, monkeypatch, cache):
    run(monkeypatch, 2)
    file = sorted(cache.iterdir())[4]
    content = file.read_bytes()
    file.write_bytes(content[:-9] + b"x" + content[-8:])
    workers = run(monkeypatch, 2)
    assert all(same(worker.rows, alone) for worker in workers)
    assert 2 <= sum(len(worker.seen) for worker in workers) <= 4  # the part's batches, by both of them at most
    assert file.read_bytes() == content


PROCESS = """
import hashlib, os, sys, time
from test_shared_sweep import PICTURES, SIZE, SPLIT
from foodviz.analysis import sweep as pass_of
from foodviz.analysis.subject import Subject
from foodviz.analysis.sweep import sweep
from foodviz.data import open_dataset
pass_of.BATCH, pass_of.BATCHES = 2, 2
subject = Subject(open_dataset(), None, say=lambda _: None)

def work(images):
    time.sleep(0.05)
    print("at work", flush=True)
    return images.mean((2, 3)).numpy()

try:
    rows = sweep(subject, SPLIT, range(PICTURES), SIZE, work, kind="means", key=[sys.argv[1]])
except Exception as error:
    print(type(error).__name__, error, flush=True)
else:
    print("rows", hashlib.sha256(rows.values.tobytes() + rows.ids.tobytes()).hexdigest(), flush=True)
os._exit(0)
"""


def processes(*keys: str) -> list[subprocess.Popen[str]]:
    """A process for each key, told of the others as torchrun tells them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    of_all = {"WORLD_SIZE": str(len(keys)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ["PYTHONPATH"]])
    return [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, key],
            env=os.environ | of_all | {"RANK": str(rank), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank, key in enumerate(keys)
    ]


def test_of_three_processes_one_is_killed_and_the_others_end_with_the_rows_of_one(alone):
    first, second, third = processes("k", "k", "k")
    assert third.stdout.readline() == "at work\n"
    third.kill()
    lines = [process.communicate(timeout=120)[0].splitlines() for process in (first, second)]
    third.communicate()
    digests = {said[-1] for said in lines}
    assert len(digests) == 1
    expected = hashlib.sha256(alone.values.tobytes() + alone.ids.tobytes()).hexdigest()
    assert digests == {f"rows {expected}"}


@pytest.mark.usefixtures("cache")
def test_a_process_that_sees_another_model_is_refused():
    lines = [process.communicate(timeout=120)[0].splitlines() for process in processes("k", "other")]
    assert lines[0][-1].startswith("rows ")
    assert lines[1] == [
        "InputError process 1 of torchrun's sees a model or settings other than the first: "
        "all machines must read the same files by the same flags"
    ]
