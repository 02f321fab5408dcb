"""Names of classes, folders and files that a terminal, a page, a figure or a config file would obey."""

import tomllib
from pathlib import Path

from torture.case import Outcome
from torture.material import declaring

TABLE = r"""
any *HOSTILE 90s: {saliency --trust quick,lime,confusion,train} --data @IN/d <- folders(each, good("p.jpg"))
any *HOSTILE 90s: report --sections saliency confusion inspect --data @IN/d <- folders(each, good("p.jpg"))
fine *HOSTILE 90s: {saliency,lime} --target 0 --image @BASE/p.jpg --model @IN/x <- model(each, good(SAMPLE))
any *HOSTILE 90s: {layers,confusion,dream,filters --scan 20,report} --model @IN/x <- model(each, good(SAMPLE))
any *HOSTILE 90s: inspect --data @BASE/data --save @OUT/c.toml --model @IN/x <- model(each, good(SAMPLE))
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
    paths = (f"{name + 'x' * (name == '..')}/{name[:40]}", "class 1/")
    return {f"d/{split}/{path}{k}.jpg": picture for split in ("train", "val") for path in paths for k in range(3)}


def after(box: Path, outcome: Outcome) -> list[str]:
    """What is wrong of the config file that inspect wrote; one that is no TOML cannot be judged."""
    path = box / "out/c.toml"
    content = {"model": box} if outcome.code or not path.exists() else tomllib.loads(path.read_text(encoding="utf-8"))
    return [f"--save wrote {content}"] if set(content) - KEYS or not Path(content["model"]).exists() else []
