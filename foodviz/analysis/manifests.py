"""Manifests read again: from their own file, or from the page of a report that holds one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from foodviz.analysis.report.plan import SECTIONS
from foodviz.errors import InputError
from foodviz.paths import is_file

REPEATED = {*SECTIONS.values(), "evaluate", "embedding"}  # analyses: those of a report, and what no report has
_LARGEST = 512 << 20  # bytes; a page with every picture in it has some ten million


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest from its file or from the page that holds it, every fact that a repetition looks at of its own type.

    Raises:
        InputError: no such file, no manifest, or of an analysis that cannot be repeated.
    """
    if not is_file(path):  # a pipe is not waited for
        raise InputError(f"{path}: cannot be read (no such file)")
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not text'})") from None
    embedded = _Embedded(text).texts if text.lstrip().startswith("<") else [text]
    if len(embedded) > 1:
        raise InputError(f"{path}: a page with {len(embedded)} manifests, which foodviz never writes")
    try:
        manifest = json.loads("".join(embedded))
        sound = _is_page(manifest) if manifest["command"] == "report" else _is_run(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise InputError(f"{path}: no manifest of a foodviz command that can be repeated")
    return dict(manifest)


def _is_page(manifest: Mapping[str, Any]) -> bool:
    """Of a report: a line, settings, and sections that are there once each."""
    sections = manifest["sections"]
    names = [each["name"] for each in sections]  # become folders
    return (
        isinstance(manifest["command_line"], str)
        and isinstance(manifest["settings"], dict)
        and len(names) > 0
        and set(names) <= set(SECTIONS)
        and len(set(names)) == len(names)
        and all(SECTIONS[each["name"]] == each["manifest"]["command"] for each in sections)
        and all(_is_run(each["manifest"]) and _are_texts(each["arrays"]) for each in sections)
    )


def _is_run(manifest: Mapping[str, Any]) -> bool:
    """Of one analysis; what `foodviz.manifest.reasons` compares may be missing, as where the analysis failed."""
    return (
        manifest["command"] in REPEATED
        and isinstance(manifest["settings"], dict)
        and type(manifest["settings"].get("dpi", 0)) is int
        and all(isinstance(manifest.get(name, {}), dict) for name in ("model", "data"))
        and _are_texts(manifest.get("versions", {}))
        and all(_are_texts({name: each[name] for name in ("file", "sha256")}) for each in manifest.get("pictures", []))
    )


def _are_texts(facts: Mapping[str, Any]) -> bool:
    return isinstance(facts, dict) and all(isinstance(each, str) for each in facts.values())


class _Embedded(HTMLParser):
    """The texts of a page's scripts that are marked as its manifest; comments and attributes hold none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("id") == "manifest"
        if self._inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data
