"""Checkpoints that hold code, bombs, damage, odd weights and modules, and that declare odd things of themselves."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from torture.material import STATE, tiny_net, zipped

# More instructions of pickles and more bombs are in tests/test_pickles.py, test_weights.py and test_strangers.py.
TABLE = r"""
fine *CHECKPOINTS: {layers,saliency} --model @IN/x <- good(each)
error *CALLS: layers --model @IN/x <- zipped({"w": evil(*each)}) | npz(w=np.array({"a": evil(*each)}, dtype=object))
    pickle.dumps({"w": evil(*each)}, dice.randrange(6)) | pickle.dumps(evil(*each), dice.randrange(6))
    zipped({"w": evil(*each)}, _use_new_zipfile_serialization=False)
error *CALLS: {inspect --model,report --model,train --start} @IN/x <- zipped({"w": evil(*each)})
any *CALLS: {inspect --model,layers --model,train --start} @IN/x <- zipped({**STATE, "x": evil(*each)})
    zipped({"a": [{"c": evil(*each)}], "state_dict": STATE})
any *CHOOSING: {saliency,inspect,report} --model @IN/x <- declaring(good(SAMPLE), {"architecture": each})
    zipped({"state_dict": STATE, "foodviz": json.dumps({"architecture": each})})
any *CHOOSING: train --start @IN/x <- declaring(good(SAMPLE), {"architecture": each})
error: layers --model @IN/x <- b"(S'touch'\nios\nsystem\n." | b"\x80\x02}q\0X\x0a\0\0\0state_dicth\0s." | b"<html>"
    b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"}." | b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    b"\x80\x02" + b"}" * (30 << 20) + b"." | b"\x89HDF\r\n\x1a\n" + bytes(999) | b"" | good("p.jpg") | bytes(99)
    struct.pack("<Q", 600_000) + b'{"a":' * 100_000 | struct.pack("<Q", 2**60) + b"{}" + bytes(99)
error 20s: {saliency,inspect,layers,report,confusion} --model @IN/x <- path.mkdir() | os.mkfifo(path)
    path.symlink_to("/dev/zero") | path.symlink_to("/dev/null") | path.symlink_to("x") | path.symlink_to("nope")
error 20s: {layers --model,train --start} @IN/x <- (path.write_bytes(good("tiny.pth")), os.truncate(path, 1 << 40))
error nobody: layers --model @IN/x <- (path.touch(), path.chmod(0))
any *JSONS: saliency --model @IN/x <- declaring(good(SAMPLE), {dice.choice(FIELDS): json.loads(each)})
any *JSONS: layers --model @IN/x <- declaring(good(SAMPLE), {dice.choice(FIELDS): json.loads(each)})
    declaring(good(SAMPLE), each) | declaring(good(SAMPLE), each, "class_names") | declaring(good(SAMPLE), "{" * 9999)
    zipped({"state_dict": STATE, dice.choice(BESIDE): json.loads(each)})
error *40: layers --model @IN/x <- cut(good(dice.choice(CHECKPOINTS)), dice)
any *200: layers --model @IN/x <- flipped(good(dice.choice(CHECKPOINTS)), dice)
any *60: saliency --model @IN/x <- flipped(good(dice.choice(CHECKPOINTS)), dice)
error: saliency --trust quick --model @IN/x <- weights(lambda v: v * float("nan")) | weights(lambda v: v / 0)
    weights(lambda v: v * 1e38) | weights(lambda v: v + 1j) | weights(lambda v: v.to("meta")) | weights(lambda v: v[:0])
any: saliency --trust quick --model @IN/x <- weights(lambda v: v * 0) | weights(lambda v: v > 0)
    weights(torch.Tensor.int) | weights(torch.Tensor.to_sparse) | weights(lambda v: v.to(torch.float8_e4m3fn))
    zipped({f"{k}.weight": torch.ones(3, 3, 1, 1) for k in range(1000)})
    zipped({"0.weight": torch.ones(1).expand(2000, 250_000)})
fine: saliency --model @IN/x <- weights(torch.Tensor.half) | weights(torch.Tensor.double)
any *NAMES: saliency --model @IN/x <- zipped({each.format(key): value for key, value in STATE.items()})
error: saliency --model @IN/x <- zipped(dict(enumerate(STATE.values()))) | zipped({}) | zipped([None])
    zipped(list(STATE.values())) | zipped(STATE["0.weight"])
error *LAYERS_AMISS: saliency --model @IN/x <- zipped(nn.Sequential(nn.Conv2d(3, 8, 3), each, nn.Linear(8, 11)))
any *150: saliency --model @IN/x <- zipped(odd_module(dice))
"""
# Functions and arguments that a pickle calls.
CALLS = (
    *((os.system, "touch ../canary"), (exec, "open('../canary', 'w')"), (open, "../canary", "w"), (sys.exit, 0)),
    *((Path.touch, Path("../canary")), (subprocess.Popen, ["touch", "../canary"]), (__import__, "antigravity")),
    *((torch.hub.load, "x", "y"), (np.load, "x"), (bytearray, 10**12), (torch.load, "x"), (getattr, [], "append")),
)
FIELDS = ("architecture", "class_names", "input_size", "mean", "std", "bgr", "training", "trained_on")
BESIDE = ("class_names", "foodviz", "epoch", "class_to_idx", "args")
NAMES = ("\x1b[31m{}", "...{}", "x" * 10_000 + ".{}", "forward.{}", "__class__.{}", "-{}", "1000000000{}", "{}\n")
LAYERS_AMISS = (nn.LSTM(8, 8), nn.Upsample(scale_factor=1000), nn.AdaptiveAvgPool2d(10**5))
SETTINGS = (0, -1, 10**9, 99, "x", None, (), (0, 0), (10**9, 1), True, 1.5, float("nan"), [1], {}, "same")


def weights(change: Callable[[torch.Tensor], torch.Tensor]) -> bytes:
    """A state dict whose numbers are changed."""
    return zipped({key: change(value) if value.is_floating_point() else value for key, value in STATE.items()})


def odd_module(dice: random.Random) -> nn.Sequential:
    """A whole model in which one setting of one module is what no module has."""
    odd = tiny_net()
    module = dice.choice(list(odd))
    key = dice.choice([name for name, value in vars(module).items() if not isinstance(value, dict)])
    module.__dict__[key] = dice.choice(SETTINGS)
    return odd
