"""A pickle is read, never run: whatever it holds, there is an object or one line, soon and in little memory."""

import io
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
import torch
from conftest import fuzzed
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from foodviz.errors import InputError
from foodviz.models.files import pickles
from foodviz.models.files.pickle_calls import is_member
from foodviz.models.files.pickles import PickleReader
from foodviz.models.files.strangers import Stranger
from foodviz.models.files.weights import read_checkpoint
from foodviz.printable import printable


def storages(_key, kind, elements):
    if not 0 <= elements <= 1000:
        raise ValueError("a tensor larger than the file")
    return torch.zeros(elements, dtype=kind)


def number(value):
    return b"\x8a\x0c" + value.to_bytes(12, "little", signed=True)


# Instructions and what checkpoints put between them: names of calls, of modules and of tensors' parts.
PIECES = [bytes([code]) for code in b"}])(NRQbosauetl.\x85\x86\x87\x88\x890123\x93\x81\x94\x8f\x90\x91\x92"]
PIECES += [
    *(b"h\0", b"h\1", b"q\0", b"q\1", b"K\x05", b"G?\xf0\0\0\0\0\0\0", b"J\xff\xff\xff\xff", number(2**62), number(-4)),
    *(b"X\x06\0\0\0weight", b"X\x0c\0\0\0cnn.0.weight", b"X\x07\0\0\0storage", b"X\x03\0\0\0cpu", b"C\x04abcd"),
    *(
        b"X\x0b\0\0\0_parameters",
        b"X\x08\0\0\0_modules",
        b"X\x08\0\0\0_buffers",
        b"X\x06\0\0\0module",
        b"X\x02\0\0\0f4",
    ),
    *(b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n"),
    *(b"ctorch._utils\n_rebuild_parameter\n", b"ctorch._utils\n_rebuild_tensor_v3\n", b"ctorch\nfloat32\n"),
    *(b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\nscalar\n", b"cnumpy\ndtype\n"),
    *(b"cnumpy\nndarray\n", b"cnumpy._core.numeric\n_frombuffer\n", b"ctorch\nSize\n", b"ctorch\ndevice\n"),
    *(
        b"ctorch.nn.modules.conv\nConv2d\n",
        b"ctorch.nn.modules.rnn\nLSTM\n",
        b"ctorch.nn.modules.container\nSequential\n",
    ),
    *(
        b"c__main__\nNet\n",
        b"cargparse\nNamespace\n",
        b"cbuiltins\nset\n",
        b"c_codecs\nencode\n",
        b"ccopyreg\n_reconstructor\n",
    ),
    *(b"ctorch.storage\n_load_from_bytes\n", b"cos\nsystem\n", b"cbuiltins\neval\n"),
]


def read(content):
    """The object, None where the pickle is refused or damaged; nothing else may come of it."""
    reader = PickleReader(io.BytesIO(content), storages, lambda inner: inner)
    line = ""
    try:
        return reader.read()
    except InputError as refused:
        line = str(refused)
    except MemoryError:
        raise
    except Exception as fault:  # as `read_checkpoint` does
        line = printable(fault)
    assert len(line) < 400
    return None


@fuzzed
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.integers(0, 5))
@example([b"}", b"X\x06\0\0\0weight", b"K\x05", b"s"], 2)
def test_any_instructions_give_an_object_or_one_line(pieces, protocol):
    read(bytes([0x80, protocol]) + b"".join(pieces) + b".")


@fuzzed
@given(st.binary(max_size=60))
def test_any_bytes_give_an_object_or_one_line(content):
    read(content)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
        self.fc = nn.Linear(2, 3)


def examples():
    torch.manual_seed(0)
    net, stream = Net(), io.BytesIO()
    np.save(stream, np.array({"cnn.0.weight": np.ones((2, 3), np.float16)}, dtype=object))
    yield pickle.dumps(net.state_dict(), 2)
    yield pickle.dumps(net, 4)
    yield pickle.dumps({name: value.numpy() for name, value in net.state_dict().items()}, 0)
    yield stream.getvalue()[128:]


EXAMPLES = list(examples())


@fuzzed
@given(st.data())
def test_damaged_checkpoints_give_an_object_or_one_line(data):
    content = bytearray(data.draw(st.sampled_from(EXAMPLES)))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    read(bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))]))


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value


# Structures of 2^60 parts by 60 instructions, put where they would be walked through or turned into text.
DOUBLED = b")" + b"2\x86" * 60
DOUBLED_DICT = b"}q\x00" + b"".join(
    b"}" + text(b"model") + b"h" + bytes([n]) + b"s" + text(b"net") + b"h" + bytes([n]) + b"sq" + bytes([n + 1])
    for n in range(60)
)
BOMBS = {
    "as a note": b"}" + text(b"epoch") + DOUBLED + b"s.",
    "as a key": b"}" + DOUBLED + b"K\x01s.",
    "as a device": b"ctorch\ndevice\n" + DOUBLED + b"R.",
    "as a device, nested": b"ctorch\ndevice\n" + DOUBLED + b"\x85R.",
    "as a type": b"cnumpy\ndtype\n" + DOUBLED + b"\x85R.",
    "as a byte order": b"cnumpy\ndtype\n" + text(b"f4") + b"\x85RK\x03" + DOUBLED + b"\x86b.",
    "as a name": DOUBLED + DOUBLED + b"\x93.",
    "as a storage's key": b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + DOUBLED + text(b"cpu") + b"K\x01tQ.",
    "as text": b"c_codecs\nencode\n" + DOUBLED + b"\x85R.",
    "as pairs": b"ccollections\nOrderedDict\n" + b"]q\x00(" + b"K\x01" * 2000 + b"e0](" + b"h\x00" * 2000 + b"e\x85R.",
    "as wrappers": DOUBLED_DICT + b".",
    "as a set of a storage": b"cbuiltins\nset\n"
    + b"("
    + text(b"storage")
    + b"ctorch\nByteStorage\n"
    + text(b"0")
    + text(b"cpu")
    + b"M\xe8\x03tQ\x85R.",
}


@pytest.mark.parametrize("where", BOMBS)
def test_what_doubles_is_never_walked_through(where, tmp_path):
    (tmp_path / "a").write_bytes(b"\x80\x02" + BOMBS[where])
    tracemalloc.start()
    with pytest.raises(InputError):
        read_checkpoint(tmp_path / "a")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("instruction", [b"}", b"(", b"N", b"]", b")"])
def test_instructions_without_end_are_refused(instruction, tmp_path, monkeypatch):
    monkeypatch.setattr(pickles, "MOST_INSTRUCTIONS", 10_000)
    (tmp_path / "a").write_bytes(b"\x80\x02" + instruction * 20_000 + b".")
    with pytest.raises(InputError, match="more than 10,000 instructions"):
        read_checkpoint(tmp_path / "a")


def test_an_ordinary_checkpoint_is_far_from_the_bound():
    """A thousand tensors take less than a tenth of it."""
    content = pickle.dumps({f"layer{number}.weight": np.ones(3, np.float32) for number in range(1000)})
    assert len(PickleReader(io.BytesIO(content)).read()) == 1000
    assert len(content) < pickles.MOST_INSTRUCTIONS / 10


@pytest.mark.parametrize("name", ["forward", "training", "", "a.b", "__class__", "x" * 200, "state_dict", 5])
def test_a_member_cannot_have_a_name_that_a_module_needs(name):
    assert not is_member(name)
    state = {"_parameters": {name: torch.ones(1)}, "_buffers": {}, "_modules": {}}
    with pytest.raises(ValueError, match="_parameters hold something else"):
        PickleReader(io.BytesIO()).build(stranger(), state)


def stranger():
    made = Stranger()
    made.origin = "__main__.Net"
    return made


def test_a_settings_name_cannot_be_one_that_a_module_needs():
    made = stranger()
    state = {"_parameters": {}, "_buffers": {}, "_modules": {}, "_forward_hooks": "x", "forward": 5, "kernel_size": 3}
    PickleReader(io.BytesIO()).build(made, state)
    assert made.kernel_size == 3
    assert not made._forward_hooks
    assert callable(made.forward)


def test_a_name_in_a_refusal_is_printable(tmp_path):
    (tmp_path / "a").write_bytes(b"c\x1b[31mos" + b"y" * 5000 + b"\nsystem\n)R.")
    with pytest.raises(InputError) as refused:
        read_checkpoint(tmp_path / "a")
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 500
