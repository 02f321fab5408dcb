"""The report as one HTML file that needs nothing else: no server, no network, no build step."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foodviz.render.data_uri import palettes
from foodviz.render.html import filled, visible

PARTS = Path(__file__).parent
INTERACTIVE = ("viewer", "matrix", "cards", "frames")  # parts of a section that show on a screen what its figure prints


def page_html(
    about: str,
    findings: Sequence[tuple[str, str, bool]],
    reading: Sequence[tuple[str, str]],
    sections: Sequence[Mapping[str, Any]],
    manifest: Mapping[str, Any],
) -> str:
    """Fill the template; every text is escaped, and a Content-Security-Policy allows the page's own script alone.

    Args:
        about: the model and the data in one line.
        findings: sentences with the section that each leads to, and whether it casts doubt on the rest.
        reading: how the checkpoint was read, as (word, what it is); the page's end.
        sections: in the order shown, as `foodviz.analysis.report` makes them.
        manifest: embedded, so that `foodviz rerun` can repeat the page.
    """
    interactive = {each["name"]: {key: each[key] for key in INTERACTIVE if key in each} for each in sections}
    content = {
        "about": about,
        "findings": findings,
        "reading": reading,
        "lead": next((each["name"] for each in sections if "viewer" in each), ""),
        "sections": [{**each, "shown": bool(interactive[each["name"]])} for each in sections],
        "manifest": manifest,
        "data": {"sections": visible(interactive), "palettes": palettes()},
    }
    return filled(PARTS, "page.html", content)
