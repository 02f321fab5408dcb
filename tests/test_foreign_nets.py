"""Every command on nets that foodviz did not make, their layers called by dotted names."""

import json

import pytest
import torch

from foodviz.models.architectures import build

# A net, one of its layers with maps, and a filter of it.
NETS = {
    "torchvision:efficientnet_b0": ("features.3.0.block.1.0", "5"),
}
SMALL = ("--dpi", "40")
COMMANDS = (
    ("layers", "--ids", "0"),
    ("inspect", "--count", "11", "--few", "11"),
    ("saliency", "--ids", "0", *SMALL),
    ("saliency", "--method", "smoothgrad", "--samples", "2", "--ids", "0", *SMALL),
    ("saliency", "--method", "integrated-gradients", "--steps", "2", "--ids", "0", *SMALL),
    ("saliency", "--method", "gradcam", "--layer", "LAYER", "--ids", "0", *SMALL),
    ("saliency", "--method", "layercam", "--layer", "LAYER", "--ids", "0", *SMALL),
    ("saliency", "--method", "deeplift", "--ids", "0", *SMALL),
    ("activations", "--layer", "LAYER", "--filters", "FILTER", "--ids", "0", *SMALL),
    ("filters", "--layer", "LAYER", "--filters", "FILTER", "--steps", "2", "--scan", "11", "--ids", "0", *SMALL),
    ("lime", "--ids", "0", "--samples", "12", "--segments", "6", *SMALL),
    ("dream", "--layer", "LAYER", "--filter", "FILTER", "--steps", "2", "--every", "1", "--ids", "0", *SMALL),
    ("confusion", *SMALL),
)


@pytest.fixture(params=NETS)
def net(request, tmp_path, sample_folder):
    """Flags for the net's random weights on two pictures of each class, its layer and its filter."""
    torch.manual_seed(0)
    torch.save(build(request.param, 11).state_dict(), tmp_path / "net.pth")
    for path in sample_folder.glob("*/*_2.jpg"):
        path.unlink()
    return ("--model", "net.pth", "--arch", request.param, "--data", "food", "--input-size", "64"), *NETS[request.param]


def test_every_command_runs(foodviz, net, tmp_path):
    flags, layer, channel = net
    for command, *rest in COMMANDS:
        own = [{"LAYER": layer, "FILTER": channel}.get(each, each) for each in rest]
        result = foodviz(command, *flags, *own)
        assert result.exit_code == 0, f"{command}: {result.stderr}"
        if "LAYER" in rest:
            assert f"layer {layer} = {layer} " in result.stderr
            assert layer in (tmp_path / "results" / f"{command}.json").read_text()
    predicted = json.loads((tmp_path / "results" / "confusion.json").read_text())
    assert predicted["images"] == 22
