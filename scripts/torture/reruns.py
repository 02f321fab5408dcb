"""Manifests and pages of strangers, given to rerun."""

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np

from torture import values
from torture.case import Case
from torture.checkpoints import code_beside
from torture.material import Payload, flipped, npz

TEXTS = (
    *("", "{", "null", "[]", "\ufeff{}", "<html></html>", "[" * 100_000, '{"a":' * 100_000, "x" * (30 << 20)),
    '{"command": "saliency", "settings": {"seed": ' + "9" * 5000 + "}}",
    '{"command": "train", "command": "saliency", "settings": {}}',
)
# What else a report may hold in place of its own.
REPORTS = """
any: sections(name="../x") | sections(name="a/b") | sections(name="") | sections(name="a\\n") | sections(name="unknown")
any: sections(name="constructor") | sections(name=None) | sections(name=["saliency"]) | sections(manifest={})
any: sections(manifest={**run, "settings": {**run["settings"], "ids": ["57", "--arch", "evil.py:Net"]}})
any: sections(manifest=None) | sections(manifest={**run, "model": "x", "pictures": 5, "versions": []})
any: sections(error=5) | {"command_line": 5} | {"sections": "x"} | {"sections": {}} | {"settings": "x"}
any: sections(arrays=[1]) | sections(arrays=None) | sections(arrays={"maps": 5}) | {"sections": []} | {"sections": None}
any: sections(arrays=dict.fromkeys(map(str, range(10**5)), "x"))
any: {"sections": [section] * 2} | {"sections": [{**section, "name": "a" * k} for k in range(100)]}
"""
NO_FILES = r"""
error: path.exists() | path.mkdir() | os.mkfifo(path) | path.symlink_to("/dev/zero")
"""


def cases(dice, base):
    runs = base / "runs"
    manifest, report = (json.loads((runs / f"{name}.json").read_text()) for name in ("saliency", "report"))
    page, arrays = (runs / "report.html").read_text(), (runs / "saliency.npz").read_bytes()

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
    section = report["sections"][0]
    names = {
        "section": section,
        "run": section["manifest"],
        "sections": lambda **other: {"sections": [section | other]},
    }
    texts |= {f"report {text[:70]}": json.dumps(report | eval(text, names)) for _, text in values.lines(REPORTS)}
    for name, text in texts.items():
        for mode in (("--out", "@OUT"), ("--check",)):
            yield _case(
                f"{name[:90]} {mode[0]}", text, mode, base, arrays, "fine" if name.startswith("good") else "any"
            )
    for number, beside in enumerate(_beside(arrays, dice, str(base.parent / "canary"))):
        yield _case(f"values {number}: {beside[:20]!r}", json.dumps(manifest), ("--check",), base, beside)
    for expect, text in values.lines(NO_FILES):
        make = lambda box, text=text: eval(text, {"path": box / "in/m", "os": os})  # noqa: E731
        yield Case("rerun", f"no manifest: {text}", ("rerun", "@IN/m", "--out", "@OUT"), make, expect, 20)


def _case(name: str, text: str, mode: tuple[str, ...], base: Path, arrays: bytes, expect: str = "any") -> Case:
    def make(box: Path) -> None:
        code_beside(box)
        evil = pickle.dumps({"cnn.0.weight": Payload(os.system, f"touch {box.parents[1] / 'canary'}")})
        for folder in (box / "in", box / "cwd"):
            (folder / "evil.pth").write_bytes(evil)
        (box / "in/m").write_text(text, encoding="utf-8")
        shutil.copytree(base / "runs/report", box / "in/report")
        (box / "in/saliency.npz").write_bytes(arrays)

    return Case("rerun", name, ("rerun", "@IN/m", *mode), make, expect, kept=values.PYTHONS_OWN)


def _beside(arrays: bytes, dice, canary: str):
    """What may lie beside a manifest in place of its values."""
    evil = Payload(os.system, f"touch {canary}")
    yield from (npz(maps=np.array([evil], dtype=object)), npz(maps=np.array(["a"])), pickle.dumps(evil))
    yield from (b"", arrays[: len(arrays) // 2], b"hello", b"PK\x03\x04")
    for _ in range(30):
        within = dice.choice(((0, 200), (len(arrays) - 300, len(arrays)), (len(arrays),)))
        yield flipped(arrays, dice, 1, within)
