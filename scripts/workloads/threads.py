"""What waiting threads cost, alone on the machine and beside a program that never rests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from workloads.subject import photographs

if TYPE_CHECKING:
    from collections.abc import Callable

WORKLOADS = ("threads", "threads_busy")
IMAGES = 16
_NEIGHBOUR = "print(flush=True)\nwhile True: pass"
_SPINS = ("0", "1000", "10000", "100000")


def threads() -> dict[str, Callable[[], Callable[[], object]]]:
    """gradient of the logit, 16 images, by how long threads spin, on a quiet machine"""
    return _contestants(busy=False)


def threads_busy() -> dict[str, Callable[[], Callable[[], object]]]:
    """gradient of the logit, 16 images, by how long threads spin, beside one busy process"""
    return _contestants(busy=True)


def _contestants(*, busy: bool) -> dict[str, Callable[[], Callable[[], object]]]:
    from foodviz.threads import SPINS

    found = {f"foodviz, {SPINS} spins": _gradients(SPINS, busy=busy)}
    found |= {f"{spins} spins": _gradients(spins, busy=busy) for spins in _SPINS}
    return found | {"as PyTorch comes": _gradients(None, busy=busy)}


def _gradients(spins: str | None, *, busy: bool) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        assert "torch" not in sys.modules  # libgomp reads its settings once
        if spins is not None:
            os.environ["GOMP_SPINCOUNT"] = spins
        import torch

        from foodviz.methods.attribution.gradient import input_gradient
        from workloads.subject import fast

        model, images = fast(), photographs(IMAGES)
        targets = torch.zeros(IMAGES, dtype=torch.int64)

        def run() -> object:
            return [input_gradient(model, images, targets) for _ in range(4)]

        return (lambda: _beside_a_neighbour(run)) if busy else run

    return prepare


def _beside_a_neighbour(run: Callable[[], object]) -> object:
    with subprocess.Popen([sys.executable, "-c", _NEIGHBOUR], stdout=subprocess.PIPE) as neighbour:
        try:
            assert neighbour.stdout is not None
            neighbour.stdout.readline()
            return run()
        finally:
            neighbour.kill()
