"""Several processes under torchrun, or one alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from foodviz.errors import InputError
from foodviz.printable import printable

_NUMBERS = ("RANK", "WORLD_SIZE", "MASTER_PORT")


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
