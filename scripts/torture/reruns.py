"""Manifests and pages of strangers, given to rerun."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from torture import values
from torture.case import Case
from torture.checkpoints import code_beside
from torture.material import Payload, flipped

TEXTS = (
    *("", "{", "null", "[]", "\ufeff{}", "<html></html>", "[" * 100_000, '{"a":' * 100_000, "x" * (30 << 20)),
    '{"command": "saliency", "settings": {"seed": ' + "9" * 5000 + "}}",
    '{"command": "train", "command": "saliency", "settings": {}}',
)


def cases(dice: random.Random, base: Path) -> Iterator[Case]:
    runs = base / "runs"
    manifest, report = (json.loads((runs / f"{name}.json").read_text()) for name in ("saliency", "report"))
    page, npz = (runs / "report.html").read_text(), (runs / "saliency.npz").read_bytes()

    def setting(**changed: object) -> str:
        return json.dumps({**manifest, "settings": manifest["settings"] | changed})

    texts = {f"text {text[:40]}": text for text in TEXTS}
    texts |= {"good": json.dumps(manifest), "good page": page, "half a page": page[: len(page) // 2]}
    texts |= {f"settings {each}": setting(**json.loads(each)) for each in values.cells(values.FORGED)}
    for each in values.cells(values.FORGED_COMMANDS):
        command, settings = json.loads(each)
        texts[f"command {each}"] = json.dumps({"command": command, "command_line": "x", "settings": settings})
    for name in (*values.CHOOSING, ["evil.py:Net"], {"evil.py:Net": 1}):
        texts[f"chooses {name!r}"] = setting(arch=name, model=str(base / "tiny.pth"))
    forged = f'<script type="application/json" id="manifest">{setting(ids=["57", "--arch", "evil.py:Net"])}</script>'
    texts["two manifests"] = page.replace("<body>", f"<body>{forged}", 1)
    texts["one in a comment"] = f"<!--{forged}-->{page}"
    for change in _changes(report["sections"][0]):
        texts[f"report {str(change)[:70]}"] = json.dumps(report | change)
    for name, text in texts.items():
        for mode in (("--out", "@OUT"), ("--check",)):
            expect = "fine" if name in ("good", "good page") else "any"
            yield _case(f"{name[:90]} {mode[0]}", text, mode, expect, base)
    for number, beside in enumerate(_values(npz, dice, base.parent / "canary")):
        yield _case(f"values {number}: {beside[:20]!r}", json.dumps(manifest), ("--check",), "any", base, beside)
    for build in (Path.exists, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        make = lambda box, build=build: build(box / "in/m")  # noqa: E731
        yield Case("rerun", f"no manifest: {build.__name__}", ("rerun", "@IN/m", "--out", "@OUT"), make, "error", 20)


def _case(name: str, text: str, mode: tuple[str, ...], expect: Any, base: Path, npz: bytes | None = None) -> Case:
    def make(box: Path) -> None:
        code_beside(box)
        evil = pickle.dumps({"cnn.0.weight": Payload(os.system, f"touch {box.parents[1] / 'canary'}")})
        for folder in (box / "in", box / "cwd"):
            (folder / "evil.pth").write_bytes(evil)
        (box / "in/m").write_text(text, encoding="utf-8")
        shutil.copytree(base / "runs/report", box / "in/report")
        (box / "in/saliency.npz").write_bytes((base / "runs/saliency.npz").read_bytes() if npz is None else npz)

    return Case("rerun", name, ("rerun", "@IN/m", *mode), make, expect, kept=values.PYTHONS_OWN)


def _changes(section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What else a report may hold in place of its own."""
    inner = section["manifest"]
    flagged = inner | {"settings": inner["settings"] | {"ids": ["57", "--arch", "evil.py:Net"]}}
    many = dict.fromkeys(map(str, range(10**5)), "x")
    names = ("../x", "a/b", "", "a\n", "unknown", "constructor", None, ["saliency"])
    manifests = (flagged, {}, None, inner | {"model": "x", "pictures": 5, "versions": []})
    for key, others in {
        "name": names,
        "manifest": manifests,
        "arrays": ([1], None, {"maps": 5}, many),
        "error": (5,),
    }.items():
        yield from ({"sections": [section | {key: other}]} for other in others)
    for sections in ([], None, "x", {}, [section] * 2, [section | {"name": "a" * k} for k in range(100)]):
        yield {"sections": sections}
    yield from ({"settings": "x"}, {"command_line": 5})


def _values(npz: bytes, dice: random.Random, canary: Path) -> Iterator[bytes]:
    """What may lie beside a manifest in place of its values."""
    evil = Payload(os.system, f"touch {canary}")
    for content in (np.array([evil], dtype=object), np.array(["a"])):
        stream = io.BytesIO()
        np.savez(stream, maps=content)
        yield stream.getvalue()
    yield from (b"", npz[: len(npz) // 2], b"hello", b"PK\x03\x04", pickle.dumps(evil))
    for _ in range(30):
        within = dice.choice(((0, 200), (len(npz) - 300, len(npz)), (len(npz),)))
        yield flipped(npz, dice, 1, within)
