"""Names of classes, folders and files that a terminal, a page, a figure or a config file would obey."""

import shutil
import tomllib
from pathlib import Path

from torture import values
from torture.case import Case, Outcome
from torture.material import Declaring

OF_DATA = """
saliency --ids 0 | lime --ids 0 --samples 60 | confusion | train --epochs 1 --size 32
report --sections saliency confusion inspect --ids 0
"""
OF_MODEL = """
saliency --image @BASE/p.jpg --target 0 | confusion --data @BASE/data | layers --image @BASE/p.jpg
lime --image @BASE/p.jpg --target 0 --samples 60 | filters --filters 7 --steps 2 --scan 20
dream --image @BASE/p.jpg --steps 2 --every 1 | inspect --data @BASE/data --count 11 --few 11 --save @OUT/c.toml
"""
OF_FILE = (values.cells(OF_MODEL)[-1], "saliency --ids 57 --dpi 40 --out @OUT", "layers --json")
KEYS = {"model", "arch", "channel_order", "normalise", "resize", "input_size"}


def cases(_dice, base):
    declaring, good = Declaring(base), (base / "p.jpg").read_bytes()
    for text in (*values.HOSTILE, "x" * 10_000):
        model = declaring(class_names=[text, *(f"dish {number}" for number in range(10))])
        name = text.replace("/", "⁄")[:60]

        def make(box: Path, model: bytes = model, name: str = name) -> None:
            (box / "in/m").write_bytes(model)
            for split in ("training", "validation"):
                for label in (f"{name}x" if name == ".." else name, "class 1"):
                    folder = box / "in/d" / split / label
                    folder.mkdir(parents=True)
                    for number in range(3):
                        (folder / f"{name[:40]}{number}.jpg").write_bytes(good)

        for lines, more in ((values.cells(OF_DATA), "--data @IN/d"), (values.cells(OF_MODEL), "--model @IN/m")):
            for line in lines:
                out = "" if line.startswith(("layers", "inspect")) else " --out @OUT" + "/m" * line.startswith("train")
                args = tuple(f"{line} {more}{out}".split())
                # with other data the classes do not match, which is said
                expect = "fine" if "--image" in line and len(text) < 10_000 else "any"
                yield Case("hostile", f"{text[:40]!r} {args[0]} {more}", args, make, expect, 90, after=_saved)
    for name in values.MODEL_NAMES:
        make = lambda box, name=name: shutil.copy(base / "sample.safetensors", box / "in" / name)  # noqa: E731
        for line in OF_FILE:
            args, real = (*line.split(), "--model", f"@IN/{name}"), "\udcff" in name
            yield Case("hostile", f"a model named {name!r}, {args[0]}", args, make, "fine", after=_saved, real=real)


def _saved(box: Path, outcome: Outcome) -> list[str]:
    """What is wrong of the config file that inspect wrote."""
    path = box / "out/c.toml"
    if outcome.code or not path.exists():
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeError) as fault:
        return [f"--save wrote what is no TOML: {fault}"]
    found = [f"--save wrote {sorted(set(content) - KEYS)}"] if set(content) - KEYS else []
    return found if Path(content["model"]).is_file() else [*found, "--save names no file"]
