"""torchvision's published weights by name: from torch's cache, offline, and never because a manifest says so."""

import json

import pytest
import torch
from conftest import command_line
from torchvision import models as torchvision_models

from foodviz import models
from foodviz.errors import InputError
from foodviz.models import published

NAME = "torchvision:squeezenet1_1"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Weights where torch keeps what it has fetched."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    network = torchvision_models.squeezenet1_1().eval()
    path = published.place(NAME)
    path.parent.mkdir(parents=True)
    torch.save(network.state_dict(), path)
    return network


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Nothing kept, and a server that nobody reaches."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))

    def refused(*_arguments, **_settings):
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.urlopen", refused)


def test_they_are_the_net_with_its_own_size_colours_and_names(kept):
    classifier = models.load(NAME)
    assert classifier.class_names[0] == "tench"
    assert len(classifier.class_names) == 1000
    assert classifier.input_size == (224, 224)
    images = torch.rand(2, 3, 224, 224)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.inference_mode():
        torch.testing.assert_close(classifier(images), kept((images - mean) / std), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("kept")
def test_the_command_explains_the_net_s_own_classes(tmp_path):
    result = command_line("saliency", "--model", NAME, "--ids", "57", "--trust", "none", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.stderr
    shown = json.loads((tmp_path / "out/saliency.json").read_text())["pictures"][0]
    assert shown["predicted"] in torchvision_models.SqueezeNet1_1_Weights.DEFAULT.meta["categories"]


@pytest.mark.usefixtures("offline")
def test_without_a_network_one_line_says_where_the_file_belongs(tmp_path):
    with pytest.raises(InputError, match=r"cannot be fetched \(no network\).*squeezenet1_1-.*\.pth belongs into"):
        models.load(NAME)
    assert not list(tmp_path.rglob("*.pth"))


@pytest.mark.usefixtures("offline")
def test_a_wrong_name_names_the_nearest():
    with pytest.raises(InputError, match="squeezenet1_1"):
        models.load("torchvision:squeezenet1_2")


@pytest.mark.usefixtures("offline")
def test_a_manifest_fetches_nothing(tmp_path):
    run = command_line("saliency", "--ids", "57", "--trust", "none", "--out", str(tmp_path / "out"))
    assert run.exit_code == 0, run.stderr
    manifest = json.loads((tmp_path / "out/saliency.json").read_text())
    manifest["settings"]["model"] = NAME
    (tmp_path / "m.json").write_text(json.dumps(manifest))
    result = command_line("rerun", str(tmp_path / "m.json"), "--out", str(tmp_path / "again"))
    assert result.exit_code == 1
    assert "which would be fetched" in result.stderr
