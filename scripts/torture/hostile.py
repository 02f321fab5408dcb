"""Names of classes, folders and files that a terminal, a page, a figure or a config file would obey."""

import tomllib
from pathlib import Path

from torture.case import Outcome
from torture.material import declaring

TABLE = r"""
any *HOSTILE 90s: {saliency --ids 0,lime --ids 0,confusion,inspect,train} --data @IN/d <- folders(each, good("p.jpg"))
any *HOSTILE 90s: report --sections saliency confusion inspect --ids 0 --data @IN/d <- folders(each, good("p.jpg"))
fine *HOSTILE 90s: {saliency,layers,lime} --target 0 --image @BASE/p.jpg --model @IN/x <- model(each, good(SAMPLE))
any *HOSTILE 90s: {confusion,dream,filters --scan 20,report} --model @IN/x <- model(each, good(SAMPLE))
any *HOSTILE 90s: inspect --data @BASE/data --save @OUT/c.toml --model @IN/x <- model(each, good(SAMPLE))
any 90s: {saliency,lime,confusion,dream,filters,report} --model @IN/x <- model("x" * 10_000, good(SAMPLE))
fine *FILE_NAMES 90s: {saliency,layers --json} --model @IN/@EACH <- {each: good(SAMPLE)}
any *FILE_NAMES: inspect --data @BASE/data --save @OUT/c.toml --model @IN/@EACH <- {each: good(SAMPLE)}
"""
KEYS = {"model", "arch", "channel_order", "normalise", "resize", "input_size"}


def model(name: str, data: bytes) -> bytes:
    """The bundled model with this as its first class."""
    return declaring(data, {"class_names": [name, *(f"dish {number}" for number in range(10))]})


def folders(text: str, picture: bytes) -> dict[str, bytes]:
    """A data set with a class and files of that name."""
    name = text.replace("/", "⁄")[:60]
    paths = [f"{split}/{name + 'x' * (name == '..')}/{name[:40]}" for split in ("training", "validation")]
    paths += ["training/class 1/", "validation/class 1/"]
    return {f"d/{path}{number}.jpg": picture for path in paths for number in range(3)}


def after(box: Path, outcome: Outcome) -> list[str]:
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
