"""What all pages share: every text escaped, no script but the page's own, nothing from anywhere else."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from foodviz.printable import escaped

_SHARED = Path(__file__).with_name("page")  # the head of all pages, and the style that each one's own goes on from


def filled(folder: Path, template: str, content: Mapping[str, Any], *, images: str = "data:") -> str:
    """Fill a template: texts are escaped, what acts on a screen is made visible, the page's own script alone may run.

    Args:
        folder: of the template; its script and style are called after it.
        content: what the template names besides the style, the script and their policy.
        images: from where its Content-Security-Policy lets images come.
    """
    styles = dict.fromkeys((_SHARED / "page.css", folder / f"{folder.name}.css"))
    style = "".join(path.read_text(encoding="utf-8") for path in styles)
    script = (folder / f"{folder.name}.js").read_text(encoding="utf-8")
    # ours, and told to the browser by digest: they go in as they are
    own = {"policy": _policy(style, script, images), "style": Markup(style), "script": Markup(script)}
    return _environment(folder, _SHARED).get_template(template).render(**content, **own)


def _environment(*folders: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _policy(style: str, script: str, images: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"img-src {images}",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def visible(value: object) -> object:
    """Texts, also those inside, with control characters and bytes that are no text as visible escapes."""
    if isinstance(value, Mapping):
        return {key: visible(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [visible(each) for each in value]
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
