"""Drawn sections -> one page and its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.manifest import versions
from foodviz.results import ResultFolder

if TYPE_CHECKING:
    from foodviz.analysis.report.sections import DrawnSection

TITLES = {
    "inspect": "How the checkpoint is read",
    "saliency": "Does the model look at the food?",
    "activations": "What filters answer to the photographs",
    "filters": "What filters look for",
    "lime": "What speaks for the class",
    "class": "What a class is recognised by",
    "reliance": "What the model relies on",
    "confusion": "What is taken for what",
    "dream": "What a photograph turns into",
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
    html = page_html(header(drawn), [_section(each) for each in drawn], manifest)
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


def header(drawn: Sequence[DrawnSection]) -> list[tuple[str, str]]:
    """What the page says first: model, data, accuracy, leakage, and how the checkpoint was read."""
    by_name = {each.section.name: each.manifest for each in drawn if each.manifest}
    inspected, confused = by_name.get("inspect", {}), by_name.get("confusion", {})
    some = next((facts for facts in by_name.values() if "model" in facts), {})
    model = some.get("model") or inspected
    data = some.get("data") or inspected.get("data") or {}
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
        drawings = " (drawn pictures, not Food-11)" if data["data"] == "sample" else ""
        lines.append(("data", f"{data['data']}{drawings}"))
    if confused:
        low, high = confused["accuracy_interval"]
        lines.append(
            (
                "accuracy",
                f"{confused['accuracy']:.1%} of {confused['images']} pictures of {confused['data']['split']} "
                f"(95 % interval {low:.1%} to {high:.1%})",
            )
        )
    known = confused.get("trained_on") or next(
        (facts["trained_on"] for facts in by_name.values() if facts.get("trained_on")), ""
    )
    lines.append(("leakage", known or "the checkpoint does not say what it was trained on"))
    return lines
