"""Small good pictures, checkpoints and results that cases start from, and bytes that damage them."""

import io
import json
import pickle
import shutil
import struct
import zipfile

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

FORMATS = ("jpg", "png", "webp", "gif", "tif", "bmp")
CHECKPOINTS = ("tiny.pth", "tiny-legacy.pth", "tiny-whole.pth", "tiny.pkl", "tiny.npz", "tiny.safetensors")
# What makes every command do something soon.
CHEAP = {
    "saliency": "--ids 57 --dpi 40 --out @OUT",
    "activations": "--ids 57 --dpi 40 --filters 7 --out @OUT",
    "layers": "--ids 57",
    "filters": "--ids 57 --dpi 40 --filters 7 --steps 2 --only picture --scan 8 --out @OUT",
    "atlas": "--layers 16 --filters 7 --steps 2 --scan 8 --out @OUT",
    "lime": "--ids 57 --dpi 40 --samples 60 --out @OUT",
    "dream": "--dpi 40 --steps 2 --every 1 --out @OUT",
    "embedding": "--limit 12 --dpi 40 --data @BASE/data --out @OUT",
    "confusion": "--dpi 40 --data @BASE/data --out @OUT",
    "reliance": "--dpi 40 --data @BASE/data --limit 4 --changes grey gone --out @OUT",
    "inspect": "--count 11 --few 11",
    "train": "--data @BASE/data --limit 4 --epochs 1 --size 32 --out @OUT/m.safetensors",
    "sample": "--limit 1 --split validation --out @OUT",
    "report": "--sections saliency --ids 57 --dpi 40 --out @OUT",
}
RESULTS = (
    "sample --out @BASE/data --limit 2 --quiet",
    "saliency --ids 57 --dpi 40 --out @BASE/runs",
    "report --sections saliency --ids 57 --dpi 40 --out @BASE/runs",
)


def cheap(command: str, *more: str) -> tuple[str, ...]:
    """A command line that does something soon, with more behind it."""
    return (command, *CHEAP.get(command, "").split(), *more)


def make(runner) -> None:
    """Fill the runner's folder `base`, once."""
    from foodviz.models.loading import SAMPLE

    base = runner.base
    if (base / "done").exists():
        return
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir()
    shutil.copy(SAMPLE, base / "sample.safetensors")
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8).repeat(12, 0).repeat(12, 1)
    for format_ in FORMATS:
        Image.fromarray(pixels).save(base / f"p.{format_}")
    net = tiny_net()
    state = net.state_dict()
    arrays = {key: value.numpy() for key, value in state.items()}
    torch.save(state, base / "tiny.pth")
    torch.save(state, base / "tiny-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(net, base / "tiny-whole.pth")
    save_file(state, base / "tiny.safetensors")
    (base / "tiny.pkl").write_bytes(pickle.dumps(arrays))
    (base / "tiny.npz").write_bytes(npz(**arrays))
    for line in RESULTS:
        done = runner.run(line.split(), runner.work / "making", seconds=300)
        if done.code:
            raise RuntimeError(f"{line}: {done.err}")
    (base / "done").touch()


def tiny_net() -> nn.Sequential:
    """11 classes of pictures of 128x128, all modules torch's own."""
    torch.manual_seed(3)
    layers = []
    for entering, leaving in ((3, 8), (8, 8), (8, 16)):
        layers += [nn.Conv2d(entering, leaving, 3, padding=1), nn.BatchNorm2d(leaving), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 16 * 16, 11)).eval()


class Payload:
    """Calls a function when a pickle of it is loaded."""

    def __init__(self, function, *arguments) -> None:
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


# ---------------------------------------------------------------- bytes of files


def zipped(content: object, **settings: bool) -> bytes:
    """What torch.save writes."""
    stream = io.BytesIO()
    torch.save(content, stream, **settings)
    return stream.getvalue()


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def rezipped(data: bytes, change, *, packed: bool = False) -> bytes:
    """A zip with its members changed by `change(name, body)`, or left out where that gives None."""
    stream, way = io.BytesIO(), zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w", way) as target:
        for name in source.namelist():
            body = change(name, source.read(name))
            if body is not None:
                target.writestr(name, body)
    return stream.getvalue()


def one_member(name: str, body: bytes) -> bytes:
    """A packed zip of one member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return stream.getvalue()


def safetensors(header: dict | bytes, body: bytes = b"") -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + body


class Declaring:
    """The bundled model's file, declaring other things of itself."""

    def __init__(self, base) -> None:
        data = (base / "sample.safetensors").read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        self.head, self.body = json.loads(data[8 : 8 + length]), data[8 + length :]
        self.own = json.loads(self.head["__metadata__"]["foodviz"])

    def text(self, text: str, key: str = "foodviz") -> bytes:
        """With this text as its metadata."""
        return safetensors({**self.head, "__metadata__": {key: text}}, self.body)

    def __call__(self, **changed: object) -> bytes:
        return self.text(json.dumps(self.own | changed))


def flipped(data: bytes, dice, count: int = 1, within: tuple[int, ...] = ()) -> bytes:
    """`count` bits turned round, all within a range of bytes."""
    changed = bytearray(data)
    for _ in range(count):
        changed[dice.randrange(*(within or (len(data),)))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cuts(data: bytes):
    """The data cut at telling places, with names."""
    size = len(data)
    for at in (0, 1, 2, 4, 8, 16, 33, 64, size // 4, size // 2, size - 100, size - 22, size - 8, size - 1):
        yield f"cut at {at} of {size}", data[:at]
