"""Pieces of work for many workers: nothing is lost, nobody waits, whoever dies and whenever."""

import heapq
import random

import pytest

from foodviz.work_queue import OwnCounters, WorkQueue


class Simulation:
    """Workers on a virtual clock, each of its own speed; some die with a piece in hand.

    Attributes:
        done: of each piece how often it was finished. lost: of how many it was not, as its worker died.
        busy: time spent on pieces that counted. spent: time that living workers were there for.
        end: when all was done.
    """

    def __init__(self, workers: int, pieces: int, seed: int, deaths: float) -> None:
        draw = random.Random(seed)
        counters = OwnCounters()
        queues = [WorkQueue(counters, "q", pieces) for _ in range(workers)]
        turns = [iter(queue) for queue in queues]
        pace = [draw.uniform(0.5, 2) for _ in range(workers)]  # time for a piece
        dies = {worker: draw.uniform(0, pieces / workers) for worker in range(workers) if draw.random() < deaths}
        self.done, self.lost, self.busy, self.end = [0] * pieces, 0, 0.0, 0.0
        self.dead: dict[int, float] = {}
        events = [(0.0, worker, -1, 0.0) for worker in range(workers)]
        while events:
            now, worker, piece, took = heapq.heappop(events)
            if worker in dies and now >= dies[worker]:
                self.dead[worker] = dies[worker]
                self.lost += piece >= 0
                continue
            if piece >= 0 and not queues[worker].is_done(piece):  # else it was left when another had done it
                self.done[piece] += 1
                self.busy += took
                queues[worker].finish(piece)
                self.end = max(self.end, now)
            following = next(turns[worker], None)
            if following is not None:
                took = pace[worker] * draw.uniform(0.8, 1.25)
                heapq.heappush(events, (now + took, worker, following, took))
        self.spent = sum(self.dead.get(worker, self.end) for worker in range(workers))

    @property
    def idle(self) -> float:
        """The share of the time in which nothing was done that counted."""
        return 1 - self.busy / self.spent


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_workers_of_uneven_speed_lose_nothing_and_hardly_wait(seed):
    run = Simulation(workers=1000, pieces=50_000, seed=seed, deaths=0.01)
    assert len(run.dead) > 3
    assert run.lost > 0
    assert run.done == [1] * 50_000
    assert run.idle < 0.05


@pytest.mark.parametrize("pieces", [0, 1, 3, 7, 100])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_every_piece_is_done_whoever_dies_while_one_lives(workers, pieces):
    for seed in range(20):
        run = Simulation(workers, pieces, seed, deaths=0.5)
        if len(run.dead) < workers:
            assert run.done == [1] * pieces


def test_what_one_has_in_hand_is_given_to_another_only_when_nothing_else_is_left():
    counters = OwnCounters()
    mine, theirs = (WorkQueue(counters, "q", 3) for _ in range(2))
    given, taken = iter(mine), iter(theirs)
    assert [next(given), next(taken), next(taken)] == [0, 1, 2]
    theirs.finish(1)
    theirs.finish(2)
    assert next(taken) == 0
    theirs.finish(0)
    assert mine.is_done(0)
    assert list(given) == []


def test_a_worker_that_dies_between_two_words_holds_nobody_up():
    counters = OwnCounters()
    queue = WorkQueue(counters, "q", 4)
    pieces = []
    for piece in queue:
        pieces.append(piece)
        if piece == 2:
            counters.add("q 2", 1)  # that it is done, but not that one more is
        else:
            queue.finish(piece)
    assert pieces == [0, 1, 2, 3]
    assert queue.finished == 3
