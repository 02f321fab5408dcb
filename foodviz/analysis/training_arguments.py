"""What the arguments of a training may be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foodviz.analysis.subject import MOST_SEED
from foodviz.errors import require
from foodviz.results import check_writable

MOST_EPOCHS, MOST_BATCH = 10_000, 65_536
MOST_LR, MOST_DECAY = 1000.0, 100.0  # no training goes anywhere with more
# What else an argument that is a number may be, from and to.
_RANGES = {
    "size": (16, 1024),
    "epochs": (1, MOST_EPOCHS),
    "batch_size": (1, MOST_BATCH),
    "lr": (0, MOST_LR),
    "weight_decay": (0, MOST_DECAY),
    "label_smoothing": (0, 1),
    "augmentation": (0, 2),
    "noise": (0, 1),
    "start_size": (0.2, 1),
    "limit": (1, float("inf")),
}


def check(arguments: Mapping[str, Any]) -> None:
    """Look whether every number is within its range, NaN among them, and the checkpoint can be written."""
    for name, (least, most) in _RANGES.items():
        value = arguments[name]
        wanted = f"must be at least {least}" if most == float("inf") else f"must be from {least:g} to {most:,g}"
        require(value is None or least <= value <= most, name, value, wanted)
    require(0 <= arguments["seed"] <= MOST_SEED, "seed", arguments["seed"], f"must be from 0 to {MOST_SEED}")
    check_writable(arguments["out"])
    check_writable(state_of(arguments["out"]))


def state_of(out: str) -> Path:
    """Where the state of a training is while it runs."""
    return Path(out).with_name(Path(out).name + ".training")
