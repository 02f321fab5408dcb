"""Drawn sections -> one page and its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.report.findings import READING, findings
from foodviz.manifest import versions
from foodviz.results import ResultFolder

if TYPE_CHECKING:
    from foodviz.analysis.report.sections import DrawnSection

TITLES = {
    "saliency": "Does the model look at the food?",
    "activations": "What filters answer to the photographs",
    "filters": "What filters look for",
    "lime": "What speaks for the class",
    "class": "What a class is recognised by",
    "reliance": "What the model relies on",
    "confusion": "What is taken for what",
    "dream": "What a photograph turns into",
    "inspect": "How the checkpoint is read",
}


def write_page(
    out: Path, command_line: str, settings: Mapping[str, Any], drawn: Sequence[DrawnSection]
) -> tuple[list[Path], dict[str, Any]]:
    """Write report.html and report.json; their paths and the manifest."""
    from foodviz.render.page import page_html

    manifest = {
        "command": "report",
        "command_line": command_line,
        "settings": dict(settings),
        "versions": versions(),
        "sections": [
            {
                "name": each.section.name,
                "error": each.error or None,
                "arrays": each.page.get("arrays", {}),
                "manifest": each.manifest or {"command": each.section.command, "settings": each.section.settings},
            }
            for each in drawn
        ],
    }
    sections = _said_once([_section(each) for each in drawn])
    html = page_html(first_line(drawn), findings(drawn), reading(drawn), sections, manifest)
    folder = ResultFolder(out, "report", command_line)
    folder.file("report.html", lambda path: path.write_text(html, encoding="utf-8", errors="backslashreplace"))
    folder.file("report.json", lambda path: path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8"))
    return folder.paths, manifest


def _section(drawn: DrawnSection) -> dict[str, Any]:
    settings, name = drawn.section.settings, drawn.section.name
    class_name = settings.get("class_name")
    return {
        "figures": [],
        "reading": [],
        **drawn.page,
        "name": name,
        "title": f"What {class_name} is recognised by" if name == "class" and class_name else TITLES[name],
        "command_line": drawn.command_line,
        "error": drawn.error,
        "settings": {key: _in_words(value) for key, value in settings.items()},
        "chosen": _chosen(drawn),
        "inspected": drawn.manifest if name == "inspect" else {},
        "trained_on": drawn.manifest.get("trained_on") or "",
    }


def _said_once(sections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sections without sentences that one before says word for word."""
    seen: set[str] = set()
    kept = []
    for each in sections:
        kept.append({**each, "reading": [line for line in each["reading"] if line not in seen]})
        seen.update(each["reading"])
    return kept


def _in_words(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


def _chosen(drawn: DrawnSection) -> list[str]:
    """What a manifest resolved: the layer in words, the seed, the device."""
    facts = drawn.manifest
    where = facts.get("climbed" if drawn.section.command == "dream" else "layer")
    lines = [where] if where else []
    lines += [f"seed {facts['seed']}", f"on {facts['device']}"] if "seed" in facts else []
    return lines


def first_line(drawn: Sequence[DrawnSection]) -> str:
    """The model and the data, what stands below the title; empty where no section got so far."""
    model, data = _model_and_data(drawn)
    if not model:
        return ""
    parts = [f"model {model['file']}, {model['parameters']:,} parameters"]
    if data:
        parts.append(f"pictures {data['data']}{' (drawn, not Food-11)' if data['data'] == 'sample' else ''}")
    return " · ".join(parts)


def reading(drawn: Sequence[DrawnSection]) -> list[tuple[str, str]]:
    """How the checkpoint was read, (word, what it is), for the page's end."""
    model, data = _model_and_data(drawn)
    inspected = next((each.manifest for each in drawn if each.section.name == READING), {})
    lines = []
    if model:
        lines.append(("model", f"{model['file']}: {model['architecture']}, {model['parameters']:,} parameters"))
        lines.append(("read as", f"{model['form']}; architecture: {model['architecture_from']}"))
    if "pixels" in model:
        lines.append(("pixels", str(model["pixels"])))
    if model.get("guesses"):
        lines.append(("guessed", " ".join(map(str, model["guesses"]))))
    if inspected.get("verdict"):
        lines.append(("proof", inspected["verdict"]))
    if data:
        lines.append(("data", str(data["data"])))
    return lines


def _model_and_data(drawn: Sequence[DrawnSection]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the manifests say of both; empty where all sections failed."""
    by_name = {each.section.name: each.manifest for each in drawn if each.manifest}
    inspected = by_name.get(READING, {})
    some = next((facts for facts in by_name.values() if "model" in facts), {})
    return some.get("model") or inspected, some.get("data") or inspected.get("data") or {}
