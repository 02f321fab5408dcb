"""The report as one HTML file that needs nothing else: no server, no network, no build step."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from foodviz.printable import escaped
from foodviz.render.data_uri import palettes

PARTS = Path(__file__).parent


def page_html(
    header: Sequence[tuple[str, str]], sections: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> str:
    """Fill the template; every text is escaped, and a Content-Security-Policy allows the page's own script alone.

    Args:
        header: (word, what it is) pairs.
        sections: in the order shown, as `foodviz.analysis.report` makes them.
        manifest: embedded, so that `foodviz rerun` can repeat the page.
    """
    environment = Environment(
        loader=FileSystemLoader(PARTS),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (PARTS / "page.css").read_text(encoding="utf-8")
    script = (PARTS / "page.js").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    interactive = {
        each["name"]: {key: each[key] for key in ("viewer", "matrix", "cards", "frames") if key in each}
        for each in sections
    }
    return environment.get_template("page.html").render(
        header=header,
        sections=sections,
        manifest=manifest,
        policy=policy,
        # ours, and told to the browser by digest: they go in as they are
        style=Markup(style),
        script=Markup(script),
        data={"sections": _visible(interactive), "palettes": palettes()},
    )


def _visible(value: object) -> object:
    """Texts, also those inside, with control characters and bytes that are no text as visible escapes."""
    if isinstance(value, Mapping):
        return {key: _visible(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_visible(each) for each in value]
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
