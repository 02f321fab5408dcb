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
    interactive = {each["name"]: {key: each[key] for key in INTERACTIVE if key in each} for each in sections}
    return environment.get_template("page.html").render(
        about=about,
        findings=findings,
        reading=reading,
        lead=next((each["name"] for each in sections if "viewer" in each), ""),
        sections=[{**each, "shown": bool(interactive[each["name"]])} for each in sections],
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
