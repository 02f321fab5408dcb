"""Architectures by name have the shapes that checkpoints of the course have."""

import sys

import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models import Classifier, last_maps, resolve
from foodviz.models.architectures import build


def test_the_reports_net():
    net = build("vgg16_bn-report", 11)
    assert sum(parameter.numel() for parameter in net.parameters()) == 57_727_051
    assert [index for index, module in enumerate(net.cnn) if isinstance(module, nn.MaxPool2d)] == [6, 13, 23, 33, 43]
    assert {key.rsplit(".", 1)[0] for key in net.state_dict() if key.startswith("fc")} == {
        "fc.0",
        "fc.3",
        "fc.6",
        "fc.9",
    }
    classifier = Classifier(net, [str(i) for i in range(11)])
    assert str(resolve(classifier, "15")).startswith("layer 15 = cnn.15 BatchNorm2d, 256 channels, 32x32")
    assert str(resolve(classifier, "34")) == "layer 34 = cnn.34 Conv2d, 512 channels, 8x8"


def test_the_slim_net_has_vgg16_bns_indices():
    features = build("torchvision:vgg16_bn", 11).features
    ours = build("vgg16_bn-slim", 11).cnn
    assert [type(module) for module in ours] == [type(module) for module in features]
    assert ours[15].num_features >= 64
    assert ours[34].out_channels >= 128


@pytest.mark.parametrize(("name", "size"), [("hw3-sample", 128), ("hw5-sample", 128), ("torchvision:resnet18", 64)])
def test_the_usual_nets_answer(name, size):
    assert build(name, 11).eval()(torch.rand(1, 3, size, size)).shape == (1, 11)


def test_gradcam_looks_where_the_last_maps_are_whole():
    names = [str(i) for i in range(11)]
    assert last_maps(Classifier(build("vgg16_bn-slim", 11), names)).name == "cnn.42"
    assert last_maps(Classifier(build("torchvision:resnet18", 11), names)).name == "layer4"


def test_the_users_own_class(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Sequential):\n    def __init__(self, num_classes=3):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(12, num_classes))\n"
        "def make():\n    return Net(4)\n"
        "def broken():\n    raise ValueError('no such luck')\n"
        "answer = 42\n"
    )
    assert build(f"{tmp_path}/net.py:Net", 7)[1].out_features == 7
    assert build(f"{tmp_path}/net.py:make", 7)[1].out_features == 4
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "net", raising=False)
    assert build("net:Net", 2)[1].out_features == 2
    for name, message in (("Nett", "'Net'"), ("answer", "no 'answer'"), ("broken", "no such luck")):
        with pytest.raises(InputError, match=message):
            build(f"{tmp_path}/net.py:{name}", 3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vgg16_bn-slimm", "vgg16_bn-slim"),
        ("torchvision:resnet19", "resnet18"),
        ("gone.py:Net", "no file"),
        ("not.there:Net", "not"),
        ("..x:Net", "does not run: TypeError"),
        ("sys:exit", "calling it failed: SystemExit"),
    ],
)
def test_what_is_not_there_is_named(name, message):
    with pytest.raises(InputError, match=message):
        build(name, 3)
