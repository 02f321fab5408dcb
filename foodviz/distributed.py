"""Several processes under torchrun, or one alone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Protocol, TypeVar

from foodviz.errors import InputError
from foodviz.printable import printable
from foodviz.work_queue import OwnCounters, WorkQueue

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBERS = ("RANK", "WORLD_SIZE", "MASTER_PORT")
Answer = TypeVar("Answer")


class StoreGone(InputError):
    """The first process has ended, or cannot be reached."""


def under_torchrun() -> bool:
    """Whether torchrun started this process, or whatever else sets all that it sets; one alone may be a shell's own.

    Raises:
        InputError: one of them is no number.
    """
    if not all(name in os.environ for name in (*_NUMBERS, "MASTER_ADDR")):
        return False
    for name in _NUMBERS:
        if not os.environ[name].isdecimal():
            raise InputError(
                f"the environment's {name}={printable(os.environ[name])}: no number; unset it to run alone"
            )
    return True


def process_count() -> int:
    """How many processes work together; 1 alone."""
    return int(os.environ["WORLD_SIZE"]) if under_torchrun() else 1


def place_on_machine() -> int | None:
    """Which of torchrun's processes on this machine this is; None alone."""
    place = os.environ.get("LOCAL_RANK", "")
    return int(place) if under_torchrun() and place.isdecimal() else None


def leads() -> bool:
    """Whether this process is the one that writes and speaks."""
    return not under_torchrun() or os.environ["RANK"] == "0"


def shared_queue(pieces: int, seen: Mapping[str, str]) -> WorkQueue:
    """A queue of work for all processes, each of which asks for its queues in the same order.

    Args:
        pieces: how many.
        seen: what the work depends on, in words, and a digest of it as this process sees it.

    Raises:
        InputError: the first process sees something else, or is gone.
    """
    name = f"foodviz {next(_QUEUES)}"
    if not under_torchrun():
        return WorkQueue(OwnCounters(), name, pieces)
    shared = _shared()
    if leads():
        shared.publish(name, json.dumps(dict(seen)))
    else:
        theirs = json.loads(shared.published(name))
        other = [word for word, digest in seen.items() if theirs.get(word) != digest]
        if other:
            raise InputError(
                f"process {os.environ['RANK']} of torchrun's sees {' and '.join(other)} other than the first: "
                "all machines must read the same files by the same flags"
            )
    return WorkQueue(shared, name, pieces)


_QUEUES = count()


class _Store(Protocol):
    """What is used of torch.distributed.Store."""

    def add(self, key: str, amount: int, /) -> int: ...
    def check(self, keys: list[str], /) -> bool: ...
    def set(self, key: str, value: str, /) -> None: ...
    def get(self, key: str, /) -> bytes: ...


class _Shared:
    """The store through which torchrun's processes find each other: counters, and texts by name."""

    def __init__(self, store: _Store) -> None:
        self._store = store

    def add(self, name: str, amount: int) -> int:
        return _reached(lambda: self._store.add(name, amount))

    def is_known(self, name: str) -> bool:
        return _reached(lambda: self._store.check([name]))

    def publish(self, name: str, text: str) -> None:
        _reached(lambda: self._store.set(name, text))

    def published(self, name: str) -> str:
        """The text, once it is there."""
        return _reached(lambda: self._store.get(name)).decode()


@cache
def _shared() -> _Shared:
    from torch.distributed.rendezvous import rendezvous

    # The store alone: unlike a process group, it does not mind who dies, and whoever comes late.
    return _Shared(_reached(lambda: next(iter(rendezvous("env://")))[0]))


def _reached(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except RuntimeError as error:
        address = printable(f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}")
        reason = printable(str(error).partition("\n")[0])
        raise StoreGone(
            f"the first process of torchrun's at {address} does not answer ({reason}); what is done is kept: "
            "start the command again"
        ) from None


@contextmanager
def process_group(device: str) -> Iterator[bool]:
    """Join the other processes inside the block; gives whether this is the one that writes and speaks.

    Args:
        device: `cuda` for processes with a GPU each.
    """
    from torch import distributed

    if under_torchrun() and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    # The group stays: with PyTorch 2.2 to take it down waits for ever, in one run of three, once another has left.
    yield not distributed.is_initialized() or distributed.get_rank() == 0


def leave() -> None:
    """End a process of torchrun's at once.

    One end in ten aborts where the interpreter takes down what PyTorch's threads still hold.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
