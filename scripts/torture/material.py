"""Small good pictures, checkpoints and results that cases start from, and what makes bad files of them."""

import io
import itertools
import json
import os
import pickle
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load, save
from torch import nn

from torture.case import Case

FORMATS = ("p.jpg", "p.png", "p.webp", "p.gif", "p.tif", "p.bmp")
SAMPLE = "sample.safetensors"  # the bundled model's file
CHECKPOINTS = ("tiny.pth", "tiny-legacy.pth", "tiny-whole.pth", "tiny.pkl", "tiny.npz", "tiny.safetensors", SAMPLE)
RESULTS = ("sample --limit 2 --out @BASE/data", "saliency --ids 57 --dpi 40", "report --sections saliency --ids 57")
# Code that a stranger's file would like to be run, as every box has it: it makes the file that betrays it.
EVIL = "open('../canary', 'w')\ndef Net(*_): raise SystemExit(0)\n"
EVIL_FILES = ("evil.py", "evilstack.py", "stack.py", "stack;.py", "evil;.py")


def make(runner) -> None:
    """Fill the runner's folder `base`, once."""
    from foodviz.models.loading import SAMPLE as bundled

    base = runner.base
    if (base / "done").exists():
        return
    shutil.rmtree(base, ignore_errors=True)
    for name in ("", "in", "home", "tmp", "cwd"):
        (base / "box" / name).mkdir(parents=True)
        (base / "box" / name).chmod(0o777)
    for name, folder in itertools.product(EVIL_FILES, ("in", "cwd")):
        (base / "box" / folder / name).write_text(EVIL)
        (base / "box" / folder / "evil.pth").write_bytes(pickle.dumps({"w": evil(os.system, "touch ../canary")}))
    for name in FORMATS:
        tiles().save(base / name)
    arrays = {key: value.numpy() for key, value in STATE.items()}
    older = zipped(STATE, _use_new_zipfile_serialization=False)
    forms = (zipped(STATE), older, zipped(tiny_net()), pickle.dumps(arrays), npz(**arrays))
    for name, content in zip(CHECKPOINTS, (*forms, save(STATE), Path(bundled).read_bytes()), strict=True):
        (base / name).write_bytes(content)
    for line in RESULTS:
        args = f"{line} --quiet{'' if '--out' in line else ' --out @BASE/runs'}".split()
        done = runner.run(Case("", line, tuple(args), seconds=300), runner.work / "making")
        if done.code:
            raise RuntimeError(f"{line}: {done.err}")
    (base / "done").touch()


def tiles(mode: str = "RGB") -> Image.Image:
    """Squares of all colours."""
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8).repeat(12, 0).repeat(12, 1)
    return Image.fromarray(pixels).convert(mode)


def tiny_net() -> nn.Sequential:
    """11 classes of pictures of 128x128, all modules torch's own."""
    torch.manual_seed(3)
    layers = []
    for entering, leaving in ((3, 8), (8, 8), (8, 16)):
        layers += [nn.Conv2d(entering, leaving, 3, padding=1), nn.BatchNorm2d(leaving), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 16 * 16, 11)).eval()


STATE = tiny_net().state_dict()


def evil(*call: object) -> object:
    """What calls a function with arguments when a pickle of it is loaded."""
    return type("Evil", (), {"__reduce__": lambda _: (call[0], call[1:])})()


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    """What a function writes into a stream."""
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def zipped(content: object, **settings: bool) -> bytes:
    return written(lambda stream: torch.save(content, stream, **settings))


def npz(**arrays: object) -> bytes:
    return written(lambda stream: np.savez(stream, **arrays))


def encoded(image: Image.Image, kind: str, **settings: object) -> bytes:
    return written(lambda stream: image.save(stream, kind, **settings))


def declaring(data: bytes, changed: dict | str, key: str = "foodviz") -> bytes:
    """A .safetensors file with other metadata: a text, or what its own says but for some fields."""
    if not isinstance(changed, str):
        own = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]
        changed = json.dumps(json.loads(own["foodviz"]) | changed)
    return save(load(data), {key: changed})


def flipped(data: bytes, dice: random.Random, count: int = 1) -> bytes:
    """`count` bits turned round, all near the beginning, near the end, or anywhere."""
    changed, size = bytearray(data), len(data)
    first, last = dice.choice(((0, min(4000, size)), (max(0, size - 4000), size), (0, size)))
    for _ in range(count):
        changed[dice.randrange(first, last)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut(data: bytes, dice: random.Random) -> bytes:
    """The data but for its end: cut at a telling place, or anywhere."""
    size = len(data)
    places = (1, 2, 4, 8, 16, 33, 64, size // 2, size - 100, size - 22, size - 8, size - 1)
    return data[: dice.choice((*places, dice.randrange(size)))]
