"""Whole processes, from the shell's prompt to their end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WORKLOADS = ("start", "trust_line")


def _process(*arguments: str) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        folder = tempfile.mkdtemp()
        command = [sys.executable, *arguments]
        return lambda: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    return prepare


def start() -> dict[str, Callable[[], Callable[[], object]]]:
    """whole processes"""
    return {
        "foodviz saliency --ids 57 3207": _process("-m", "foodviz", "saliency", "--ids", "57", "3207"),
        "foodviz --help": _process("-m", "foodviz", "--help"),
        "python -c pass": _process("-c", "pass"),
        "python -c 'import torch'": _process("-c", "import torch"),
    }


def trust_line() -> dict[str, Callable[[], Callable[[], object]]]:
    """whole processes, four pictures: without and with the line that says how far a map can be believed"""
    return {
        "bare": _process("-m", "foodviz", "saliency", "--trust", "none"),
        "foodviz saliency": _process("-m", "foodviz", "saliency"),
    }
