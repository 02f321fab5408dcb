"""No command opens a socket, which strace watches. What a page does in a browser is in tests/test_browser.py."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from torture.case import Outcome


def lines(_dice) -> Iterator[str]:
    from foodviz.cli import COMMANDS

    for name in COMMANDS if shutil.which("strace") else ():
        line = "rerun @BASE/runs/saliency.json" if name == "rerun" else name
        yield f"fine 600s +tmp: strace -f -qq -e trace=network -o @BOX/tmp/calls [{line}]"


def after(box: Path, _outcome: Outcome) -> list[str]:
    opened = re.findall(r".*\(.*AF_(?:INET|NETLINK).*", (box / "tmp/calls").read_text())
    return [f"opens sockets: {opened[0][:150]}"] if opened else []
