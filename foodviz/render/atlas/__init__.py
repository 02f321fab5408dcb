"""The pages of an atlas: plain files beside one another that open from a folder or any server, without a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foodviz.render.html import filled, visible

PARTS = Path(__file__).parent


def atlas_page(kind: str, content: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> str:
    """Fill the template of one page.

    Args:
        kind: `index`, `layer` or `class`.
        content: what the template names, as `foodviz.analysis.atlas` makes it.
        data: for the page's script, plain JSON.
    """
    return filled(PARTS, f"{kind}.html", {**content, "data": visible(data or {})}, images="'self'")
