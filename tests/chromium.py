"""Pages in headless Chromium: what a test needs to open one, and to look at what it complained about."""

import os
import shutil
from pathlib import Path

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(os.environ.get("AXE") or Path(__file__).resolve().parents[1] / ".venv/axe/node_modules/axe-core/axe.min.js")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--disable-sync")


class Opened:
    """The page in a browser, with what it complained about and asked for."""

    def __init__(self, page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type in ("error", "warning") else None)
        page.on("request", lambda request: self.requests.append(request.url))


def serious_faults(page) -> list[tuple[str, str, str]]:
    """What axe finds of serious accessibility faults; the page was opened with its policy bypassed, to let axe in."""
    page.add_script_tag(path=str(AXE))
    return [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"])
        for each in page.evaluate("axe.run()")["violations"]
        if each["impact"] in ("serious", "critical")
    ]
