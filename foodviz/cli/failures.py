"""The one line that a run which failed ends with."""

import os
import sys
from typing import Never

import click

from foodviz.printable import LINE, printable


def leave_stdout() -> None:
    """Let go of what cannot be written, or Python tries again when it ends and complains in many lines."""
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(line: str, code: int) -> Never:
    """Say the line on stderr, cleaned and of bearable length, and leave."""
    click.echo(printable(f"error: {' '.join(line.split())}", LINE), err=True)
    sys.exit(code)
