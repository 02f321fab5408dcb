"""Values of flags that are neither a text, a number nor one of a few words."""

import re
from typing import Any

import click


class Size(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks alone
    """Pixels: 128, or height and width as 180x320; the analysis checks the range."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """One number as a number, as manifests have it."""
        text = str(value)
        if not re.fullmatch(r"[0-9]{1,4}(x[0-9]{1,4})?", text, re.ASCII):
            self.fail(f"{text!r} is neither a number of pixels nor HEIGHTxWIDTH such as 180x320", param, ctx)
        return text if "x" in text else int(text)


class Normalisation(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks alone
    """A name or a number; the analysis checks how many there are."""

    name = "name or numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | float:  # noqa: ARG002
        """What is a number as one, as manifests have it."""
        try:
            return float(value)
        except ValueError:
            return str(value)
