"""timm's nets by name, and its published weights from the hub's cache, offline."""

import sys

import pytest
import timm
import torch
from safetensors.torch import save_file

from foodviz import models
from foodviz.errors import InputError
from foodviz.models import published, timm_nets
from foodviz.models.networks import declarable

NAME = "timm:resnet10t.c3_in1k"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub, and no way to it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(timm_nets, "place", lambda _name: tmp_path / "model.safetensors")

    def refused(*_arguments):
        raise ConnectionError

    monkeypatch.setattr("huggingface_hub.hf_hub_download", refused)
    return tmp_path


@pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "mobilenetv3_small_050"])
def test_weights_in_a_file_open_under_the_name(name, tmp_path):
    net = timm.create_model(name, num_classes=5).eval()
    torch.save(net.state_dict(), tmp_path / "net.pth")
    classifier = models.load(str(tmp_path / "net.pth"), arch=f"timm:{name}")
    assert classifier.input_size == (224, 224)
    assert len(classifier.class_names) == 5
    images = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(classifier(images), net(images))


def test_published_weights_come_with_their_own_size_colours_and_names(hub):
    net = timm.create_model("resnet10t").eval()
    save_file(net.state_dict(), hub / "model.safetensors")
    classifier = models.load(NAME)
    assert classifier.class_names[0].startswith("tench")
    assert len(classifier.class_names) == 1000
    assert classifier.input_size == tuple(net.pretrained_cfg["input_size"][1:])
    images = torch.rand(1, 3, *classifier.input_size)
    mean, std = (torch.tensor(net.pretrained_cfg[each]).view(3, 1, 1) for each in ("mean", "std"))
    with torch.inference_mode():
        torch.testing.assert_close(classifier(images), net((images - mean) / std), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("hub")
def test_without_a_network_one_line_says_what_to_do():
    with pytest.raises(InputError, match=r"cannot be fetched \(ConnectionError\).*`model` FILE with model"):
        models.load(NAME)


def test_names_that_timm_does_not_have(tmp_path):
    torch.save({"a.weight": torch.zeros(3, 3)}, tmp_path / "a")
    with pytest.raises(InputError, match=r"timm has no such net; .*resnet18"):
        models.load(str(tmp_path / "a"), arch="timm:resnet81")
    with pytest.raises(InputError, match="timm publishes no weights of that name"):
        models.load("timm:../resnet18")


def test_a_file_may_name_a_net_and_no_place(hub):
    assert declarable(NAME)
    for name in ("timm:hf-hub:x/y", "timm:local-dir:/tmp", "timm:../x", "timm:a.b.c"):
        assert not declarable(name)
        with pytest.raises(InputError):
            published.fetch(name)
    assert not list(hub.iterdir())


def test_without_timm_the_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r'timm is not installed; pip install "foodviz\[timm\]"'):
        models.load(NAME)


def test_the_command_says_it_in_one_line(foodviz):
    result = foodviz("saliency", "--model", "timm:resnet81", "--ids", "57")
    assert result.exit_code == 1
    assert "timm:resnet81: timm publishes no weights" in result.stderr.splitlines()[-1]
