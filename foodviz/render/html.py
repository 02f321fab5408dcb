"""What all pages share: every text escaped, no script but the page's own, nothing from anywhere else."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from foodviz.printable import escaped


def environment(*folders: Path) -> Environment:
    """Templates of these folders: texts are escaped, and what acts on a screen is made visible."""
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def content_policy(style: str, script: str, images: str) -> str:
    """A Content-Security-Policy that allows one style, one script, and images from `images` alone."""
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
