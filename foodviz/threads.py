"""How long PyTorch's threads spin while they wait for each other.

By default they spin for milliseconds before they sleep: where anything else runs on the machine, that takes the cores
from those that have work. The number below was measured, see `scripts/benchmark.py threads`.
"""

import os
import sys

SPINS = (
    "4000"  # turns of libgomp's waiting loop, some microseconds: 1 % slower alone, a third faster beside a busy process
)
_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")


def wait_briefly() -> None:
    """Have threads sleep soon; does nothing once torch is loaded, or where somebody has set how they wait."""
    if "torch" not in sys.modules and not any(name in os.environ for name in _SETTINGS):
        os.environ["GOMP_SPINCOUNT"] = SPINS
