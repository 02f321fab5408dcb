"""Pieces of work for any number of workers of any speed, some of which die: nothing is lost, nobody is waited for.

Each piece is handed out once. Who finds none left takes over, round after round, what others have taken and not
finished, whether they are slow or dead; whoever is done first, counts (backup tasks: Dean, Ghemawat 2004, "MapReduce",
section 3.6). Workers share nothing but a few counters.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import Protocol


class Counters(Protocol):
    """What workers share: counters by name, each from 0 on."""

    def add(self, name: str, amount: int) -> int:
        """Add to a counter in one step that nobody comes in between, and get what it is then."""

    def is_known(self, name: str) -> bool:
        """Whether anything was added to it."""


class OwnCounters:
    """The counters of one process alone."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}

    def add(self, name: str, amount: int) -> int:
        self._values[name] = self._values.get(name, 0) + amount
        return self._values[name]

    def is_known(self, name: str) -> bool:
        return name in self._values


class WorkQueue:
    """The view that one worker has of the pieces: iterating gives the next one to do, until all are done.

    Args:
        counters: what all workers share.
        name: of this work, the same for all of them and no other work's.
        pieces: how many; they are numbered from 0.
    """

    def __init__(self, counters: Counters, name: str, pieces: int) -> None:
        self._counters, self._name, self.pieces = counters, name, pieces
        # Of every so manieth piece it is counted how many are done, so that who looks for open ones asks few questions;
        # pieces that are taken one after the other, and open at the same time, lie in different groups.
        self._groups = max(1, isqrt(pieces))

    def __iter__(self) -> Iterator[int]:
        while self.finished < self.pieces:
            turn = self._counters.add(f"{self._name} turns", 1) - 1
            piece = turn if turn < self.pieces else self._open(turn)
            if piece is None:
                return
            yield piece

    def finish(self, piece: int) -> None:
        """A piece is done, its result where others find it."""
        if self._counters.add(self._of(piece), 1) == 1:
            self._counters.add(self._group(piece % self._groups), 1)
            self._counters.add(f"{self._name} finished", 1)

    def is_done(self, piece: int) -> bool:
        """Whether anybody has finished a piece: work on it can be left."""
        return self._counters.is_known(self._of(piece))

    @property
    def finished(self) -> int:
        """How many pieces are done; one too few where a worker died in the midst of saying so."""
        return self._counters.add(f"{self._name} finished", 0)

    def _open(self, turn: int) -> int | None:
        """A piece that is not done, another one at every turn where there are several."""
        for group in _from(turn, range(self._groups)):
            pieces = range(group, self.pieces, self._groups)
            if self._counters.add(self._group(group), 0) < len(pieces):
                for piece in _from(turn // self._groups, pieces[::-1]):
                    if not self.is_done(piece):
                        return piece
        return None

    def _of(self, piece: int) -> str:
        return f"{self._name} {piece}"

    def _group(self, group: int) -> str:
        return f"{self._name} group {group}"


def _from(turn: int, numbers: range) -> Iterator[int]:
    """The numbers, beginning with another one at every turn."""
    start = turn % len(numbers)
    yield from numbers[start:]
    yield from numbers[:start]
