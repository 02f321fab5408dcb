"""The pages of an atlas: plain files beside one another that open from a folder or any server, without a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from foodviz.render.html import content_policy, environment, visible
from foodviz.render.page import PARTS as PAGE

PARTS = Path(__file__).parent


def atlas_page(kind: str, content: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> str:
    """Fill the template of one page.

    Args:
        kind: `index`, `layer` or `class`.
        content: what the template names, as `foodviz.analysis.atlas` makes it.
        data: for the page's script, plain JSON.
    """
    style = (PAGE / "page.css").read_text(encoding="utf-8") + (PARTS / "atlas.css").read_text(encoding="utf-8")
    script = (PARTS / "atlas.js").read_text(encoding="utf-8")
    return (
        environment(PARTS)
        .get_template(f"{kind}.html")
        .render(
            **content,
            policy=content_policy(style, script, "'self'"),
            # ours, and told to the browser by digest: they go in as they are
            style=Markup(style),
            script=Markup(script),
            data=visible(data or {}),
        )
    )
