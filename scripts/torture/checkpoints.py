"""Checkpoints that hold code, bombs, damage, odd weights and modules, and that declare odd things of themselves."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from torture import values
from torture.case import Case
from torture.material import CHECKPOINTS, Declaring, Payload, cuts, flipped, one_member, rezipped, safetensors, zipped

READ = ("layers", "--image", "@BASE/p.jpg", "--json", "--model", "@IN/m")
USE = ("saliency", "--image", "@BASE/p.jpg", "--dpi", "40", "--out", "@OUT", "--model", "@IN/m")
OTHERS = (
    ("inspect", "--model", "@IN/m"),
    ("report", "--model", "@IN/m", "--out", "@OUT"),
    ("train", "--start", "@IN/m", "--limit", "4", "--epochs", "1", "--out", "@OUT/m"),
)
Made = tuple[str, bytes, Any]
# Instructions that a writer of pickles never gives so; random ones are in tests/test_pickles.py.
PICKLES = (
    *(b"cbuiltins\neval\n(S'1'\ntR.", b"(S'touch'\nios\nsystem\n.", b"(cos\nsystem\nS'x'\no.", b"\x80\x02\x82\x01."),
    *(
        b"\x80\x05\x97.",
        b"\x80\x02.",
        b"(((((.",
        b"\x80\x02h\x05.",
        b"\x80\x02}]]s.",
        b"\x80\x02K\x01K\x02R.",
        b"Px\n.",
    ),
    *(b"\x80\x04\x8e%bx." % struct.pack("<Q", 2**62), b"\x80\x04\x95%b}." % struct.pack("<Q", 2**60), b"\x80\x4d}."),
    *(b"(I%b\n." % (b"9" * 5000), b"(V\\ud800\n.", b"\x80\x02]q\0h\0a.", b"\x80\x02}q\0X\x0a\0\0\0state_dicth\0s."),
    *(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", b"\x80\x02)" + b"\x85" * 1_000_000 + b"."),
    b"\x80\x02]" + b"".join(b"q%c]" % k + (b"h%c" % k + b"a") * 10 for k in range(60)) + b".",
    *(b"\x80\x02}(X\x05\0\0\0epoch)" + b"2\x86" * 70 + b"u.", b"\x80\x02" + b"}" * (30 << 20) + b"."),
)


def cases(dice: random.Random, base: Path) -> Iterator[Case]:
    good = {name: (base / name).read_bytes() for name in CHECKPOINTS}
    state = torch.load(base / "tiny.pth", weights_only=True)
    declaring = Declaring(base)
    yield from (_case(f"good {name}", data, "fine") for name, data in good.items())
    refused = (*_code(base.parent / "canary", state), *_bombs(good["tiny.pth"]), *_other_files(good["tiny.pth"]))
    for name, data, expect in refused:
        yield _case(name, data, expect, READ if dice.random() < 0.8 else dice.choice(OTHERS))
    for name, data, expect in (*_declared(declaring, state), *_odd_weights(state), *_odd_modules(base, dice)):
        yield _case(name, data, expect, USE)
    for name, data in (*good.items(), ("sample.safetensors", (base / "sample.safetensors").read_bytes())):
        yield from (_case(f"{name} {how}", cut, "error") for how, cut in cuts(data))
        for number in range(100):
            within = dice.choice(((0, 4000), (len(data) - 4000, len(data)), (len(data),)))
            yield _case(f"{name} flipped {number}", flipped(data, dice, 1, within), "any")
    for name in values.CHOOSING:
        chosen = zipped({"state_dict": state, "foodviz": json.dumps({"architecture": name})})
        for form, data in (("safetensors", declaring(architecture=name)), ("zip", chosen)):
            for args in (USE, *OTHERS):
                yield _case(f"{form} that chooses {name!r}, {args[0]}", data, "any", args, beside=True)


def code_beside(box: Path) -> None:
    """Python files that a stranger's file would like to be imported."""
    canary = box.parents[1] / "canary"
    for folder in (box / "in", box / "cwd"):
        for name in ("evil.py", "evilstack.py", "stack.py", "stack;.py", "evil;.py"):
            (folder / name).write_text(f"open({str(canary)!r}, 'w')\ndef Net(*_): raise SystemExit(0)\n")


def _case(name: str, data: bytes, expect: Any, args: tuple[str, ...] = READ, *, beside: bool = False) -> Case:
    def make(box: Path) -> None:
        (box / "in/m").write_bytes(data)
        if beside:
            code_beside(box)

    return Case("checkpoints", name, args, make, expect, kept=values.PYTHONS_OWN)


def _code(canary: Path, state: dict[str, Any]) -> Iterator[Made]:
    path = str(canary)
    calls = (
        *((os.system, f"touch {path}"), (exec, f"open({path!r}, 'w')"), (open, path, "w"), (Path.touch, canary)),
        *((subprocess.Popen, ["touch", path]), (__import__, "antigravity"), (sys.exit, 0), (torch.hub.load, "x", "y")),
        *((np.load, path), (bytearray, 10**12), (torch.load, path), (getattr, [], "append")),
    )
    for function, *arguments in calls:
        bad, what = Payload(function, *arguments), function.__name__
        for protocol in range(6):
            yield f"pickle {protocol}: {what}", pickle.dumps({"w": bad}, protocol), "error"
        for how, content in enumerate(({"w": bad}, {**state, "x": bad}, {"a": [{"c": bad}], "state_dict": state})):
            yield f"zip {how}: {what}", zipped(content), "error"
        yield f"older container: {what}", zipped({"w": bad}, _use_new_zipfile_serialization=False), "error"
        stream = io.BytesIO()
        np.savez(stream, w=np.array({"a": bad}, dtype=object))
        yield f"npz: {what}", stream.getvalue(), "error"
    yield from ((f"pickle {data[:20]!r}", data, "error") for data in PICKLES)


def _bombs(good: bytes) -> Iterator[Made]:
    """Small files that ask for much: by a tensor's size, a pickle's length, a zip's packing, a header."""
    called = (
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu"
    )
    sizes = ((10**12, 10**12, 1), (8, 2**63, 0), (-8, 4, 1), (8, -4, 1), (8, 2**40, 0), (8, 4, -1), (2**62, 4, 1))
    for numbers in sizes:
        count, size, stride = (b"\x8a\x0c" + value.to_bytes(12, "little", signed=True) for value in numbers)
        shape = count + b"tQK\0(" + size + b"t(" + stride + b"t\x89ccollections\nOrderedDict\n)RtRs."
        yield f"tensor of {numbers}", _with_pickle(good, b"\x80\x02}X\x01\0\0\0w" + called + shape), "error"
    yield "zip of 25 M dictionaries", _with_pickle(good, b"\x80\x02" + b"}" * (25 << 20) + b"."), "error"
    for shape in ((10**15,), (-5, 3), (2**40, 2**40), (2**26,)):
        head = io.BytesIO()
        np.lib.format.write_array_header_2_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
        body = head.getvalue() + bytes(4 * 2**26 if shape == (2**26,) else 64)
        yield f"npz of shape {shape}", one_member("w.npy", body), "error"
    nested = b"\x93NUMPY\x02\0" + struct.pack("<I", 20_000) + b"(" * 20_000
    yield "npz, a nested header", one_member("w.npy", nested), "error"
    for shape, end in (([10**6, 10**6], 4 * 10**12), ([-1], 4), ([2**32, 2**32], 0)):
        head = {"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}
        yield f"safetensors of {shape}", safetensors(head), "error"
    for text in (b'{"a":' * 100_000, b"[1]", b"{nope", b"{}"):
        yield f"safetensors, header {text[:20]!r}", safetensors(text), "error"
    yield "safetensors, header of 2^60", struct.pack("<Q", 2**60) + b"{}" + bytes(99), "error"


def _with_pickle(good: bytes, text: bytes) -> bytes:
    return rezipped(good, lambda name, body: text if name.endswith("data.pkl") else body, packed=True)


def _other_files(good: bytes) -> Iterator[Made]:
    others = (
        *(one_member("a/code/__torch__.py", b"x"), b"\x89HDF\r\n\x1a\n" + bytes(999), b"epoch 1\n", b"", b"<html>"),
        *(
            b"\x08\x07\x12\x07pytorch" * 9,
            b"\x1f\x8b" + bytes(40),
            one_member("a.txt", b"x"),
            b"PK\x05\x06" + bytes(18),
        ),
        rezipped(good, lambda name, body: b"big" if name.endswith("byteorder") else body),
        rezipped(good, lambda name, body: None if "/data/" in name else body),
        rezipped(good, lambda name, body: body[:3] if "/data/" in name else body),
    )
    yield from ((f"other {number}: {data[:12]!r}", data, "error") for number, data in enumerate(others))
    array = io.BytesIO()
    np.save(array, np.ones((8, 3, 3, 3), np.float32))
    for name in ("../../evil.npy", "/abs.npy", "\x1b[31m.npy", "a\nb.npy"):
        yield f"npz member {name!r}", one_member(name, array.getvalue()), "any"


def _declared(declaring: Declaring, state: dict[str, Any]) -> Iterator[Made]:
    for text in ("", "x", "[]", "5", "null", "{}", '"x"', "{" * 100_000, '{"architecture":', "NaN", '{"mean": NaN}'):
        yield f"declares {text[:20]!r}", declaring.text(text), "any"
    for key, line in values.DECLARED.items():
        yield f"without {key}", declaring.without(key), "any"
        for value in line.split(" | "):
            text = json.dumps(declaring.own | {key: "HERE"}).replace('"HERE"', value)
            yield f"{key} = {value}", declaring.text(text), "any"
            if key == "class_names":
                yield f"metadata {key} = {value}", declaring.text(value, key), "any"
                yield f"zip {key} = {value}", zipped({"state_dict": state, key: json.loads(value)}), "any"


def _odd_weights(state: dict[str, Any]) -> Iterator[Made]:
    changes: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
        *(("NaN", lambda v: v * float("nan"), "error"), ("infinite", lambda v: v / 0, "error")),
        *(("1e38", lambda v: v * 1e38, "error"), ("zero", lambda v: v * 0, "any"), ("bool", lambda v: v > 0, "any")),
        *(("whole", lambda v: (v * 9).int(), "any"), ("complex", lambda v: v + 1j, "error")),
        *(("half", torch.Tensor.half, "fine"), ("double", torch.Tensor.double, "fine")),
        *(("meta", lambda v: v.to("meta"), "error"), ("sparse", torch.Tensor.to_sparse, "any")),
        *(("empty", lambda v: v[:0], "error"), ("5-dimensional", lambda v: v[..., None, None], "error")),
    )
    for name, change, expect in changes:
        changed = {key: change(value) if value.is_floating_point() else value for key, value in state.items()}
        yield f"weights: {name}", zipped(changed), expect
    for name in (
        "\x1b[31m{}",
        "...{}",
        "x" * 10_000 + ".{}",
        "forward.{}",
        "__class__.{}",
        "-{}",
        "1000000000{}",
        "{}\n",
    ):
        yield f"weights named {name[:20]!r}", zipped({name.format(key): value for key, value in state.items()}), "any"
    yield "weights named by numbers", zipped(dict(enumerate(state.values()))), "error"
    for content in ({}, list(state.values()), state["0.weight"], [None], {"a": state, "b": state}):
        yield f"content {str(content)[:20]!r}", zipped(content), "error"
    yield "10,000 layers", zipped({f"{k}.weight": torch.ones(3, 3, 1, 1) for k in range(10_000)}), "any"
    yield "2 GB of one number", zipped({"0.weight": torch.ones(1).expand(2000, 250_000)}), "any"


def _odd_modules(base: Path, dice: random.Random) -> Iterator[Made]:
    """Whole models in which one setting of one module is what no module has."""
    wrong = (0, -1, 10**9, 99, "x", None, (), (0, 0), (10**9, 1), True, 1.5, float("nan"), [1], {}, "same")
    for _ in range(150):
        net = torch.load(base / "tiny-whole.pth", weights_only=False)
        number, module = dice.choice(list(enumerate(net)))
        key = dice.choice([name for name, value in vars(module).items() if not isinstance(value, dict)])
        module.__dict__[key] = value = dice.choice(wrong)
        yield f"{type(module).__name__} {number}: {key} = {value!r}", zipped(net), "any"
    head, tail = nn.Conv2d(3, 8, 3), (nn.Flatten(), nn.Linear(8, 11))
    for middle in (nn.LSTM(8, 8), nn.Upsample(scale_factor=1000), nn.AdaptiveAvgPool2d(100_000)):
        yield f"with {middle}", zipped(nn.Sequential(head, middle, *tail)), "error"
    deep: nn.Module = head
    for _ in range(100):
        deep = nn.Sequential(deep)
    yield "modules, 100 deep", zipped(deep), "any"
