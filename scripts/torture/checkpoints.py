"""Checkpoints that hold code, bombs, damage, odd weights and modules, and that declare odd things of themselves."""

import functools
import io
import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from torture import values
from torture.case import Case
from torture.material import (
    CHECKPOINTS,
    Declaring,
    Payload,
    cuts,
    flipped,
    npz,
    one_member,
    rezipped,
    safetensors,
    zipped,
)

READ = ("layers", "--image", "@BASE/p.jpg", "--json", "--model", "@IN/m")
USE = ("saliency", "--image", "@BASE/p.jpg", "--dpi", "40", "--out", "@OUT", "--model", "@IN/m")
OTHERS = tuple(
    tuple(line.split())
    for line in (
        "inspect --model @IN/m",
        "report --model @IN/m --out @OUT",
        "train --start @IN/m --limit 4 --epochs 1 --out @OUT/m",
    )
)
# Functions and arguments that a pickle calls.
CALLS = """
os.system, f"touch {path}" | exec, f"open({path!r}, 'w')" | open, path, "w" | Path.touch, Path(path) | sys.exit, 0
subprocess.Popen, ["touch", path] | __import__, "antigravity" | torch.hub.load, "x", "y" | np.load, path
bytearray, 10**12 | torch.load, path | getattr, [], "append"
"""
# Instructions that a writer of pickles never gives so; random ones are in tests/test_pickles.py.
PICKLES = r"""
error: b"cbuiltins\neval\n(S'1'\ntR." | b"(S'touch'\nios\nsystem\n." | b"(cos\nsystem\nS'x'\no." | b"\x80\x02\x82\x01."
error: b"\x80\x05\x97." | b"\x80\x02." | b"(((((." | b"\x80\x02h\x05." | b"\x80\x02}]]s." | b"\x80\x02K\x01K\x02R."
error: b"\x80\x04\x8e%bx." % struct.pack("<Q", 2**62) | b"\x80\x04\x95%b}." % struct.pack("<Q", 2**60)
error: b"\x80\x4d}." | b"Px\n." | b"(I%b\n." % (b"9" * 5000) | b"(V\\ud800\n." | b"\x80\x02]q\0h\0a."
error: b"\x80\x02}q\0X\x0a\0\0\0state_dicth\0s."
error: b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"." | b"\x80\x02)" + b"\x85" * 1_000_000 + b"."
error: b"\x80\x02]" + b"".join(b"q%c]" % k + (b"h%c" % k + b"a") * 10 for k in range(60)) + b"."
error: b"\x80\x02}(X\x05\0\0\0epoch)" + b"2\x86" * 70 + b"u." | b"\x80\x02" + b"}" * (30 << 20) + b"."
"""
# Small files that ask for much, and others that are none.
BOMBS = r"""
error: pickled(b"\x80\x02" + b"}" * (25 << 20) + b".") | array((10**15,)) | array((-5, 3)) | array((2**40, 2**40))
error: array((2**26,), 4 * 2**26) | one_member("w.npy", b"\x93NUMPY\x02\0" + struct.pack("<I", 20_000) + b"(" * 20_000)
error: header([10**6, 10**6], 4 * 10**12) | header([-1], 4) | header([2**32, 2**32], 0)
error: safetensors(b'{"a":' * 100_000) | safetensors(b"[1]") | safetensors(b"{nope") | safetensors(b"{}")
error: struct.pack("<Q", 2**60) + b"{}" + bytes(99)
error: one_member("a/code/__torch__.py", b"x") | b"\x89HDF\r\n\x1a\n" + bytes(999) | b"epoch 1\n" | b"" | b"<html>"
error: b"\x08\x07\x12\x07pytorch" * 9 | b"\x1f\x8b" + bytes(40) | one_member("a.txt", b"x") | b"PK\x05\x06" + bytes(18)
error: members(lambda name, body: b"big" if name.endswith("byteorder") else body)
error: members(lambda name, body: None if "/data/" in name else body)
error: members(lambda name, body: body[:3] if "/data/" in name else body)
any: member("../../evil.npy") | member("/abs.npy") | member("\x1b[31m.npy") | member("a\nb.npy")
"""
MODULES = {"functools": functools, "os": os, "struct": struct, "subprocess": subprocess, "sys": sys, "np": np, "nn": nn}
SCOPE = MODULES | {"torch": torch, "Path": Path, "one_member": one_member, "safetensors": safetensors}
SIZES = ((10**12, 10**12, 1), (8, 2**63, 0), (-8, 4, 1), (8, -4, 1), (8, 2**40, 0), (8, 4, -1), (2**62, 4, 1))
TENSOR = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
TENSOR += b"X\x01\0\0\x000X\x03\0\0\0cpu%btQK\0(%bt(%bt\x89ccollections\nOrderedDict\n)RtRs."
TEXTS = ("", "x", "[]", "5", "null", "{}", '"x"', "{" * 100_000, '{"architecture":', "NaN", '{"mean": NaN}')
# What becomes of each weight.
WEIGHTS = """
error: v * float("nan") | v / 0 | v * 1e38 | v + 1j | v.to("meta") | v[:0] | v[..., None, None]
any: v * 0 | v > 0 | (v * 9).int() | v.to_sparse()
fine: v.half() | v.double()
"""
NAMES = ("\x1b[31m{}", "...{}", "x" * 10_000 + ".{}", "forward.{}", "__class__.{}", "-{}", "1000000000{}", "{}\n")
CONTENTS = """
error: dict(enumerate(state.values())) | {} | list(state.values()) | state["0.weight"] | [None]
error: {"a": state, "b": state}
any: {f"{k}.weight": torch.ones(3, 3, 1, 1) for k in range(10_000)} | {"0.weight": torch.ones(1).expand(2000, 250_000)}
error: net(nn.LSTM(8, 8)) | net(nn.Upsample(scale_factor=1000)) | net(nn.AdaptiveAvgPool2d(100_000))
any: functools.reduce(lambda inner, _: nn.Sequential(inner), range(100), nn.Conv2d(3, 8, 3))
"""
SETTINGS = (0, -1, 10**9, 99, "x", None, (), (0, 0), (10**9, 1), True, 1.5, float("nan"), [1], {}, "same")


def cases(dice, base):
    good = {name: (base / name).read_bytes() for name in CHECKPOINTS}
    state, declaring = torch.load(base / "tiny.pth", weights_only=True), Declaring(base)
    yield from (_case(f"good {name}", data, "fine") for name, data in good.items())
    for name, data, expect in (*_code(str(base.parent / "canary"), state), *_bombs(good["tiny.pth"])):
        yield _case(name, data, expect, READ if dice.random() < 0.8 else dice.choice(OTHERS))
    for name, data, expect in (*_declared(declaring, state), *_odd(state), *_odd_modules(base, dice)):
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
    for folder in (box / "in", box / "cwd"):
        for name in ("evil.py", "evilstack.py", "stack.py", "stack;.py", "evil;.py"):
            canary = str(box.parents[1] / "canary")
            (folder / name).write_text(f"open({canary!r}, 'w')\ndef Net(*_): raise SystemExit(0)\n")


def _case(name: str, data: bytes, expect: str, args: tuple[str, ...] = READ, *, beside: bool = False) -> Case:
    def make(box: Path) -> None:
        (box / "in/m").write_bytes(data)
        if beside:
            code_beside(box)

    return Case("checkpoints", name, args, make, expect, kept=values.PYTHONS_OWN)


def _code(path: str, state: dict):
    for text in values.cells(CALLS):
        bad = Payload(*eval(text, SCOPE | {"path": path}))
        made = {f"pickle {protocol}": pickle.dumps({"w": bad}, protocol) for protocol in range(6)}
        for how, content in enumerate(({"w": bad}, {**state, "x": bad}, {"a": [{"c": bad}], "state_dict": state})):
            made[f"zip {how}"] = zipped(content)
        made["older container"] = zipped({"w": bad}, _use_new_zipfile_serialization=False)
        made["npz"] = npz(w=np.array({"a": bad}, dtype=object))
        yield from ((f"{form}: {text.split(',')[0]}", data, "error") for form, data in made.items())
    yield from ((f"pickle {text[:20]}", eval(text, SCOPE), expect) for expect, text in values.lines(PICKLES))


def _bombs(good: bytes):
    def pickled(text: bytes) -> bytes:
        return rezipped(good, lambda name, body: text if name.endswith("data.pkl") else body, packed=True)

    def array(shape: tuple[int, ...], size: int = 64) -> bytes:
        head = io.BytesIO()
        np.lib.format.write_array_header_2_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return one_member("w.npy", head.getvalue() + bytes(size))

    def header(shape: list[int], end: int) -> bytes:
        return safetensors({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}})

    for numbers in SIZES:
        three = tuple(b"\x8a\x0c" + value.to_bytes(12, "little", signed=True) for value in numbers)
        yield f"tensor of {numbers}", pickled(TENSOR % three), "error"
    names = {"pickled": pickled, "array": array, "header": header, "members": lambda change: rezipped(good, change)}
    stream = io.BytesIO()
    np.save(stream, np.ones((8, 3, 3, 3), np.float32))
    names["member"] = lambda name: one_member(name, stream.getvalue())
    yield from ((text[:60], eval(text, SCOPE | names), expect) for expect, text in values.lines(BOMBS))


def _declared(declaring: Declaring, state: dict):
    yield from ((f"declares {text[:20]!r}", declaring.text(text), "any") for text in TEXTS)
    for key, line in values.DECLARED.items():
        left = {name: value for name, value in declaring.own.items() if name != key}
        yield f"without {key}", declaring.text(json.dumps(left)), "any"
        for value in line.split(" | "):
            text = json.dumps(declaring.own | {key: "HERE"}).replace('"HERE"', value)
            yield f"{key} = {value}", declaring.text(text), "any"
            if key == "class_names":
                yield f"metadata {key} = {value}", declaring.text(value, key), "any"
                yield f"zip {key} = {value}", zipped({"state_dict": state, key: json.loads(value)}), "any"


def _odd(state: dict):
    for expect, text in values.lines(WEIGHTS):
        changed = {k: eval(text, {"v": v}) if v.is_floating_point() else v for k, v in state.items()}
        yield f"weights: {text}", zipped(changed), expect
    for name in NAMES:
        yield f"weights named {name[:20]!r}", zipped({name.format(key): value for key, value in state.items()}), "any"
    names = {"state": state, "net": lambda odd: nn.Sequential(nn.Conv2d(3, 8, 3), odd, nn.Flatten(), nn.Linear(8, 11))}
    for expect, text in values.lines(CONTENTS):
        yield f"content {text[:40]}", zipped(eval(text, SCOPE | names)), expect


def _odd_modules(base: Path, dice):
    """Whole models in which one setting of one module is what no module has."""
    for _ in range(150):
        net = torch.load(base / "tiny-whole.pth", weights_only=False)
        number, module = dice.choice(list(enumerate(net)))
        key = dice.choice([name for name, value in vars(module).items() if not isinstance(value, dict)])
        module.__dict__[key] = value = dice.choice(SETTINGS)
        yield f"{type(module).__name__} {number}: {key} = {value!r}", zipped(net), "any"
