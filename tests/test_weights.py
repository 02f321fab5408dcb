"""A stranger's file: every form opens to the same weights, everything else is named or refused, nothing is run."""

import argparse
import io
import json
import os
import pickle
import random
import struct
import warnings
import zipfile

import numpy as np
import pytest
import torch
from conftest import CODE_AS_ARCHITECTURE, same_answers
from safetensors.torch import save_file
from torch import nn

from foodviz.errors import InputError
from foodviz.models import load
from foodviz.models.architectures import build
from foodviz.models.files.weights import read_checkpoint
from foodviz.models.guess.stack import Stack

OLD = {"_use_new_zipfile_serialization": False}
CLASSES = 11


def written(path, save, *arrays, **named):
    """A file without an ending of NumPy's choice, closed again."""
    with path.open("wb") as stream:
        save(stream, *arrays, **named)


class Net(nn.Module):
    """A user's own class; pickled under this module's name, which foodviz does not import."""

    def __init__(self, cnn, fc):
        super().__init__()
        self.cnn = cnn
        self.fc = fc

    def forward(self, images):
        return self.fc(self.cnn(images).flatten(1))


def block(entering, leaving, activation, *, norm_last=False, dropout=False):
    layers = [nn.Conv2d(entering, leaving, 3, padding=1)]
    layers += [activation, nn.BatchNorm2d(leaving)] if norm_last else [nn.BatchNorm2d(leaving), activation]
    return [*layers, nn.MaxPool2d(2), *([nn.Dropout(0.2)] if dropout else [])]


def course(activation=nn.ReLU, **settings):
    cnn = [
        layer
        for entering, leaving in ((3, 6), (6, 8), (8, 8), (8, 8))
        for layer in block(entering, leaving, activation(), **settings)
    ]
    return Net(
        nn.Sequential(*cnn), nn.Sequential(nn.Linear(512, 16), nn.Dropout(0.3), nn.ReLU(), nn.Linear(16, CLASSES))
    )


def trained(net):
    """The net with weights and statistics as after training, from one seed."""
    generator = torch.Generator().manual_seed(3)
    for name, value in net.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
        elif value.is_floating_point():
            value.copy_(torch.randn(value.shape, generator=generator) * (0.3 if value.ndim > 1 else 0.2))
    return net.eval().requires_grad_(False)


NETS = {
    "relu": lambda: trained(course()),
    "norm last": lambda: trained(course(norm_last=True)),
    "prelu, dropout": lambda: trained(course(nn.PReLU, dropout=True)),
    "sequential": lambda: trained(nn.Sequential(*course().cnn, nn.Flatten(), *course().fc)),
}


def saved(content, path, **settings):
    torch.save(content, path, **settings)


def pickled(content, path, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))


def eight_bits(array):
    wide = np.float64(array)
    if not isinstance(wide, np.ndarray):
        return wide
    low, high = wide.min(), wide.max()
    return low, high, np.uint8(np.round((wide - low) / max(high - low, 1e-12) * 255))


def arrays(net):
    return {name: value.numpy() for name, value in net.state_dict().items()}


def prefixed(net, prefix):
    return {prefix + name: value for name, value in net.state_dict().items()}


def each(net, change):
    return {name: change(value) if value.is_floating_point() else value for name, value in net.state_dict().items()}


def wrapped(net, key):
    optimizer = torch.optim.Adam([nn.Parameter(torch.ones(2))])
    optimizer.param_groups[0]["params"][0].grad = torch.ones(2)
    optimizer.step()
    return {"epoch": 7, "optimizer": optimizer.state_dict(), key: net.state_dict(), "args": argparse.Namespace(lr=1)}


FORMS = {
    "state dict, zip": lambda net, path: saved(net.state_dict(), path),
    "state dict, older container": lambda net, path: saved(net.state_dict(), path, **OLD),
    "wrapper model_state_dict": lambda net, path: saved(wrapped(net, "model_state_dict"), path),
    "wrapper net, older container": lambda net, path: saved(wrapped(net, "net"), path, **OLD),
    "wrapper of an unusual name": lambda net, path: saved({"epoch": 1, "weights_of_mine": net.state_dict()}, path),
    "module.": lambda net, path: saved(prefixed(net, "module."), path),
    "_orig_mod.module. in a wrapper": lambda net, path: saved({"model": prefixed(net, "_orig_mod.module.")}, path),
    "whole model": lambda net, path: saved(net, path),
    "whole model, older container": lambda net, path: saved(net, path, **OLD),
    "whole model, data parallel": lambda net, path: saved({"net": nn.DataParallel(net)}, path),
    "safetensors": lambda net, path: save_file(net.state_dict(), path, metadata={"epoch": "3"}),
    "pickled state dict": lambda net, path: pickled(net.state_dict(), path),
    "pickled model, protocol 2": lambda net, path: pickled(net, path, protocol=2),
    "pickled arrays": lambda net, path: pickled(arrays(net), path),
    "pickled arrays, protocol 0": lambda net, path: pickled(arrays(net), path, protocol=0),
    "npz": lambda net, path: written(path, np.savez, **arrays(net)),
    "npz, compressed": lambda net, path: written(path, np.savez_compressed, **arrays(net)),
    "npz of one dictionary": lambda net, path: written(path, np.savez, weights=np.array(arrays(net), dtype=object)),
    "npy of a dictionary": lambda net, path: written(path, np.save, np.array(arrays(net), dtype=object)),
    "double precision": lambda net, path: saved(each(net, torch.Tensor.double), path),
}
NARROW = {
    "float16": (lambda net, path: saved(each(net, torch.Tensor.half), path), 2**-11),
    "bfloat16": (lambda net, path: saved(each(net, torch.Tensor.bfloat16), path), 2**-8),
    "pickled float16 arrays": (
        lambda net, path: pickled({key: np.float16(value) for key, value in arrays(net).items()}, path),
        2**-11,
    ),
    "pickled 8-bit arrays": (
        lambda net, path: pickled({key: eight_bits(value) for key, value in arrays(net).items()}, path),
        None,
    ),
    "npz of 8-bit arrays": (
        lambda net, path: np.savez(
            path.open("wb"), weights=np.array({key: eight_bits(value) for key, value in arrays(net).items()}, object)
        ),
        None,
    ),
}


@pytest.fixture(autouse=True)
def _open_files():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # numpy closes what the table above opens, in its own time
        yield


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", NETS)
def test_every_form_answers_as_the_net_did(form, shape, tmp_path):
    net, path = NETS[shape](), tmp_path / "no_extension"
    FORMS[form](net, path)
    classifier = load(str(path))
    images = torch.rand(2, 3, *classifier.input_size, generator=torch.Generator().manual_seed(0))
    same_answers(classifier, net, images)
    assert not any(parameter.requires_grad for parameter in classifier.parameters())


@pytest.mark.parametrize("form", NARROW)
@pytest.mark.parametrize("shape", ["relu", "norm last"])
def test_narrow_numbers_are_widened_to_their_step(form, shape, tmp_path):
    net, path = NETS[shape](), tmp_path / "narrow"
    write, step = NARROW[form]
    write(net, path)
    weights = read_checkpoint(path).weights
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            width = value.max() - value.min()
            off = step * value.abs() if step else (width / 255 / 2).expand(value.shape)
            assert weights[name].dtype == torch.float32
            assert ((weights[name] - value).abs() <= off * 1.001 + 1e-7).all(), name
    with torch.inference_mode():
        load(str(path))(torch.rand(1, 3, 128, 128))


@pytest.mark.parametrize("form", ["module.", "whole model"])
def test_a_net_of_torchvision_is_known_by_its_weights(form, tmp_path):
    net = trained(build("torchvision:resnet18", CLASSES))
    FORMS[form](net, tmp_path / "a")
    classifier = load(str(tmp_path / "a"))
    assert classifier.origin.architecture == "torchvision:resnet18"
    images = torch.rand(1, 3, 64, 64)
    same_answers(classifier, net, images)


def test_notes_beside_the_weights_are_kept(tmp_path):
    names = [f"dish {number}" for number in range(CLASSES)]
    net = NETS["relu"]()
    saved({"state_dict": net.state_dict(), "epoch": 12, "classes": names}, tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert checkpoint.metadata["epoch"] == "12"
    assert json.loads(checkpoint.metadata["class_names"]) == names
    assert load(str(tmp_path / "a.pth")).class_names == tuple(names)
    assert "state_dict" in checkpoint.form


@pytest.mark.parametrize("form", ["state dict, zip", "safetensors", "whole model", "state dict, older container"])
def test_a_file_may_be_written_anew_while_its_weights_are_used(form, tmp_path):
    """A training that goes on truncates its checkpoint: memory that were still the file's would be gone."""
    path, images = tmp_path / "a", torch.rand(1, 3, 128, 128)
    FORMS[form](NETS["relu"](), path)
    classifier = load(str(path))
    before = classifier(images)
    os.truncate(path, 0)
    assert torch.equal(classifier(images), before)


class Evil:
    def __reduce__(self):
        return os.system, ("touch pwned",)


CONTAINERS = {
    "zip": lambda evil, path: saved({"state_dict": evil}, path),
    "older container": lambda evil, path: saved({"state_dict": evil}, path, **OLD),
    "raw pickle": lambda evil, path: pickled({"cnn.0.weight": evil}, path),
    "raw pickle, protocol 0": lambda evil, path: pickled({"cnn.0.weight": evil}, path, protocol=0),
    "npz": lambda evil, path: written(path, np.savez, weights=np.array({"w": evil}, dtype=object)),
    "npy": lambda evil, path: written(path, np.save, np.array({"w": evil}, dtype=object)),
    "whole model": lambda evil, path: saved(Net(nn.Sequential(), Holder(evil)), path),
}


class Holder(nn.Module):
    def __init__(self, evil):
        super().__init__()
        self.evil = evil


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_malicious_pickle_is_refused_by_name_and_not_run(container, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil"
    CONTAINERS[container](Evil(), path)
    with pytest.raises(InputError, match=r"needs (posix|nt)\.system, .*nothing was run") as refused:
        load(str(path))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("builtins.eval", b"cbuiltins\neval\n(S'1'\ntR."),
        ("builtins.getattr", b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93K\x01K\x02\x86R."),
        ("os.system", b"(S'ls'\nios\nsystem\n."),
        ("torch.hub.load", b"ctorch.hub\nload\n)R."),
        ("numpy.load", b"cnumpy\nload\n)\x81."),
        ("subprocess.Popen", b"\x80\x02csubprocess\nPopen\n)\x81}b."),
        ("foodviz.models.load", b"\x80\x02}X\x01\x00\x00\x00acfoodviz.models\nload\ns."),
    ],
)
def test_every_foreign_global_is_refused(name, code, tmp_path):
    (tmp_path / "a").write_bytes(code)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        read_checkpoint(tmp_path / "a")


@pytest.mark.parametrize("name", CODE_AS_ARCHITECTURE)
def test_a_file_cannot_choose_the_code_that_reads_it(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for folder in ("stack", "torchvision:", "torchvision:x"):
        (tmp_path / folder).mkdir()
    for file in ("evil.py", "stack.py"):
        (tmp_path / file).write_text("import pathlib\npathlib.Path('pwned').touch()\n")
    facts = {"architecture": name, "class_names": ["a", "b"]}
    save_file({"fc.weight": torch.zeros(2, 3)}, tmp_path / "a", metadata={"foodviz": json.dumps(facts)})
    with pytest.raises(InputError, match="names code"):
        load("a")
    assert not (tmp_path / "pwned").exists()


def test_code_in_a_file_runs_only_when_allowed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved({"note": Evil(), "state_dict": NETS["relu"]().state_dict()}, tmp_path / "mine")
    with pytest.raises(InputError, match="`allow_code`"):
        load("mine")
    assert load("mine", allow_code=True).class_names[0] == "class 0"
    assert (tmp_path / "pwned").exists()


FOREIGN = {
    "Keras": b"\x89HDF\r\n\x1a\n" + bytes(600),
    "web page": b"\n <!DOCTYPE html><html><head><title>Sign in</title>",
    "git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "ONNX": b"\x08\x07\x12\x07pytorch\x1a\x032.1" + bytes(100),
    "TensorFlow model": b"\x08\x01\x12\xab\x01\n\x05serve" + b"\xc3" * 50,
    "TensorFlow Lite": b"\x1c\x00\x00\x00TFL3" + bytes(50),
    "text file": b"epoch,accuracy\n1,0.5\n",
    "empty": b"",
    "gzip": b"\x1f\x8b\x08" + bytes(40),
    "JPEG": b"\xff\xd8\xff\xe0" + bytes(40),
    "no format": bytes(range(200, 255)),
    "TorchScript": None,
    "unpack": None,
    "Keras model": None,
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_no_checkpoint_is_named(what, tmp_path):
    path = tmp_path / "file"
    inside = {"TorchScript": "m/code/__torch__.py", "unpack": "best.pth", "Keras model": "model.weights.h5"}
    if FOREIGN[what] is None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(inside[what], "")
    else:
        path.write_bytes(FOREIGN[what])
    with pytest.raises(InputError, match=f"(?i){what}") as named:
        read_checkpoint(path)
    assert str(path) in str(named.value)
    assert "\n" not in str(named.value)


@pytest.mark.parametrize("content", [3, [1, 2], {"a": 1}, {}, {"epoch": 3, "state_dict": {}}, nn.ReLU()])
def test_a_file_without_weights_says_what_it_holds(content, tmp_path):
    saved(content, tmp_path / "a")
    with pytest.raises(InputError, match="holds no weights"):
        read_checkpoint(tmp_path / "a")


def test_several_sets_of_weights_are_not_guessed_between(tmp_path):
    saved({"generator": {"w": torch.ones(2)}, "critic": {"w": torch.ones(2)}}, tmp_path / "a")
    with pytest.raises(InputError, match="generator, critic"):
        read_checkpoint(tmp_path / "a")


def test_folders_and_missing_files(tmp_path):
    for path, what in ((tmp_path, "folder"), (tmp_path / "gone", "no such file")):
        with pytest.raises(InputError, match=what):
            read_checkpoint(path)


def bombs():
    huge = 2**40
    header = json.dumps({"w": {"dtype": "F32", "shape": [huge], "data_offsets": [0, 4 * huge]}}).encode()
    yield "safetensors", struct.pack("<Q", len(header)) + header
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03"
    )
    tensor += b"\x00\x00\x00cpuL%dL\ntQK\x00(L%dL\nt(K\x01t\x89ccollections\nOrderedDict\n)RtR" % (huge, huge)
    body = b"\x80\x02}X\x01\x00\x00\x00w" + tensor + b"s."
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", body)
        archive.writestr("a/data/0", b"1234")
    yield "zip", stream.getvalue()
    head = b"".join(pickle.dumps(each, protocol=2) for each in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    yield "older container", head + body + pickle.dumps(["0"], protocol=2)
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }" % huge
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n"
    yield "npy", npy
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", npy + bytes(2_000_000))
    yield "npz", stream.getvalue()
    yield "pickle, long bytes", b"\x80\x04\x8e" + struct.pack("<Q", huge) + b"1."
    yield "pickle, byte array", b"\x80\x05\x96" + struct.pack("<Q", huge) + b"1."
    yield "pickle, memo", b"\x80\x02]r\xff\xff\xff\x7f."
    yield "pickle, nested", b"\x80\x02" + b"(" * 900 + b"t" * 900 + b"."
    yield "pickle, doubling", b"\x80\x02)" + b"2\x86" * 60 + b"."
    yield "pickle, doubling key", b"\x80\x02})" + b"2\x86" * 60 + b"K\x01s."


@pytest.mark.parametrize(("name", "content"), list(bombs()), ids=[name for name, _ in bombs()])
def test_a_small_file_that_claims_much_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        read_checkpoint(tmp_path / name)


def test_a_tensor_wider_than_its_storage_is_refused(tmp_path):
    saved({"w": torch.ones(1).expand(10**6)}, tmp_path / "a")
    with pytest.raises(InputError, match="larger than its storage"):
        read_checkpoint(tmp_path / "a")


def complaint(path):
    """The one line that a file is refused with; empty where it opens. Anything but an InputError goes up."""
    try:
        assert read_checkpoint(path).weights
    except InputError as refused:
        return str(refused)
    return ""


def test_a_thousand_damaged_files_give_one_line_each(tmp_path):
    net = Net(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), nn.Linear(4, CLASSES)).eval()
    whole = []
    for number, form in enumerate((*FORMS.values(), *(write for write, _ in NARROW.values()))):
        form(net, tmp_path / str(number))
        whole.append((tmp_path / str(number)).read_bytes())
    dice = random.Random(0)
    opened, path = 0, tmp_path / "damaged"
    for number in range(1000):
        content = bytearray(whole[number % len(whole)])
        if dice.random() < 0.3:
            del content[dice.randrange(len(content)) :]
        for _ in range(dice.choice([1, 1, 3, 20]) if content else 0):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        path.write_bytes(content)
        line = complaint(path)
        assert "\n" not in line
        opened += not line
        path.unlink()
    assert 100 < opened < 900  # a flipped bit in a weight is a weight


def test_misfits_are_listed_and_what_would_fit_is_named(tmp_path):
    weights = build("hw3-sample", CLASSES).state_dict()
    saved(weights, tmp_path / "a.pth")
    with pytest.raises(InputError) as refused:
        load(str(tmp_path / "a.pth"), arch="vgg16_bn-slim")
    line = str(refused.value)
    assert "nothing was loaded" in line
    assert "missing: cnn." in line
    assert " more" in line
    assert "unexpected: " in line
    assert "cnn.0.weight is 64x3x3x3 and should be" in line
    assert "fit `arch` hw3-sample" in line
    assert load(str(tmp_path / "a.pth")).origin.architecture == "hw3-sample"


def test_a_whole_model_gives_its_own_activation(tmp_path):
    net = trained(course(lambda: nn.LeakyReLU(0.3)))
    saved(net, tmp_path / "a")
    classifier = load(str(tmp_path / "a"))
    assert isinstance(classifier.network, Stack)
    assert classifier.origin.architecture == "pickled"
    images = torch.rand(1, 3, 128, 128)
    same_answers(classifier, net, images)


class Odd(nn.Module):
    """A forward that no reading of its weights could guess."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.second = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, images):
        return self.fc(torch.cat([self.first(images), self.second(images)], 1).amax((2, 3)))


def test_an_odd_net_needs_its_class(tmp_path):
    net = trained(Odd())
    saved(net, tmp_path / "whole")
    saved(net.state_dict(), tmp_path / "plain")
    for name in ("whole", "plain"):
        with pytest.raises(InputError, match="give `arch`"):
            load(str(tmp_path / name))
        classifier = load(str(tmp_path / name), arch=f"{__file__}:Odd")
        images = torch.rand(1, 3, 128, 128)
        same_answers(classifier, net, images)
