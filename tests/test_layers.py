"""Layers: numbers people use, names that always work, what a norm or a pool stands behind, dead channels."""

import json
import re

import pytest
import torch
from torch import nn

from foodviz.analysis import Subject, layers
from foodviz.data import open_dataset
from foodviz.errors import InputError
from foodviz.models import (
    Classifier,
    check_channels,
    convolution_before,
    fast,
    last_maps,
    layer_with_maps,
    resolve,
)
from foodviz.models.architectures import build
from foodviz.models.layers import stack_name, survey, uses

NAMES = [str(number) for number in range(11)]


@pytest.fixture(scope="module")
def report():
    return Classifier(build("vgg16_bn-report", 11), NAMES)


@pytest.fixture(scope="module")
def resnet():
    return Classifier(build("torchvision:resnet18", 11), NAMES, (64, 64))


def test_the_reports_layers(report):
    table = {place.index: place for place in survey(report) if place.index is not None}
    assert list(table) == list(range(44))
    for index, kind, shape in ((15, nn.BatchNorm2d, (256, 32, 32)), (34, nn.Conv2d, (512, 8, 8))):
        assert table[index].name == f"cnn.{index}"
        assert isinstance(table[index].module, kind)
        assert table[index].shape == shape
    assert (table[0].receptive_field, table[15].receptive_field, table[43].receptive_field) == (3, 24, 212)
    assert sum(place.parameters for place in survey(report) if not list(place.module.children())) == 57_727_051


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("15", "layer 15 = cnn.15 BatchNorm2d, 256 channels, 32x32 (a norm after the convolution cnn.14)"),
        ("34", "layer 34 = cnn.34 Conv2d, 512 channels, 8x8"),
        ("cnn.34", "layer cnn.34 = cnn.34 Conv2d, 512 channels, 8x8"),
        ("-1", "layer -1 = cnn.43 MaxPool2d, 512 channels, 4x4 (a pool after the convolution cnn.40)"),
        ("fc.1", "layer fc.1 = fc.1 Dropout, 4096 channels, 1x1 (a dropout)"),
    ],
)
def test_layers_are_echoed(report, asked, line):
    assert str(resolve(report, asked)) == line


@pytest.mark.parametrize(
    ("asked", "message"),
    [("44", "0 to 43"), ("-45", "0 to 43"), ("cn.15", "'cnn.15'"), ("", "no such layer"), ("layer9", "no such")],
)
def test_wrong_layers_are_named(report, asked, message):
    with pytest.raises(InputError, match=message):
        resolve(report, asked)


def test_without_a_stack_the_order_of_running_counts(resnet):
    assert stack_name(resnet.network) is None
    assert resolve(resnet, "0").name == "conv1"
    assert resolve(resnet, "4").name == "layer1.0.conv1"
    assert resolve(resnet, "-1").name == "fc"
    assert resolve(resnet, "layer4.1.conv2").channels == 512
    assert last_maps(resnet).name == "layer4"
    fields = {place.name: place.receptive_field for place in survey(resnet)}
    assert fields["conv1"] == 7
    assert fields["maxpool"] == 11
    assert fields["layer4"] == 435  # Araujo et al. 2019
    runs = {place.name: place.runs for place in survey(resnet)}
    assert runs["layer1.0.relu"] == 2


def test_a_module_used_at_several_sizes_has_a_row_for_each_use():
    """torchvision's bottlenecks use one ReLU three times, the last time on four times as many channels."""
    bottleneck = Classifier(build("torchvision:resnet50", 11), NAMES, (64, 64))
    subject = Subject(open_dataset("sample"), lambda _: bottleneck, {"data": "sample", "device": "cpu"})
    rows = [row for row in layers(subject, ids=[0]).facts["layers"] if row["name"] == "layer2.0.relu"]
    assert [(row["type"], row["channels"], row["size"]) for row in rows] == [
        ("ReLU (use 1 of 3)", 128, "16x16"),
        ("ReLU (use 2 of 3)", 128, "8x8"),
        ("ReLU (use 3 of 3)", 512, "8x8"),
    ]
    assert [layer.use for layer in uses(bottleneck) if layer.name == "layer2.0.relu"] == [1, 2, 3]


def test_blocks_inside_a_stack_have_its_numbers():
    efficient = Classifier(build("torchvision:efficientnet_b0", 11), NAMES, (64, 64))
    assert stack_name(efficient.network) == "features"
    assert resolve(efficient, "3").name == "features.3"
    assert resolve(efficient, "features.3.0.block.0.0").kind == "Conv2d"
    assert {place.name: place.receptive_field for place in survey(efficient)}["features.8"] == 851


def test_a_network_that_is_itself_the_stack(cnn):
    classifier = Classifier(cnn, NAMES[:5], (24, 24))
    assert resolve(classifier, "1").remark == "a norm after the convolution 0"
    assert resolve(classifier, "4").name == "4"


def test_what_the_forward_does_not_reach_is_no_layer():
    class Skips(nn.Module):
        def __init__(self):
            super().__init__()
            self.used = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.spare = nn.Conv2d(3, 4, 3)

        def forward(self, images):
            return self.used(images)

    classifier = Classifier(Skips(), NAMES[:4], (16, 16))
    with pytest.raises(InputError, match="never reaches spare"):
        resolve(classifier, "spare")
    assert not any(module._forward_hooks for module in classifier.modules())


def test_a_layer_is_its_module_and_the_same_in_another_classifier(cnn):
    classifier = Classifier(cnn, NAMES[:5], (24, 24))
    layer = resolve(classifier, "4")
    assert layer.module is cnn[4]
    quick = fast(classifier, layer)
    assert layer.of(quick).module is quick.network[4]
    assert layer.of(quick) == layer
    assert str(layer.of(quick)) == str(layer)


def test_a_layer_without_maps_is_refused_and_the_convolution_before_it_named(cnn):
    classifier = Classifier(cnn, NAMES[:5], (24, 24))
    assert layer_with_maps(classifier, "5").name == "5"
    with pytest.raises(
        InputError, match=r"^`layer` 10: 10 is a Linear without maps; the nearest convolution is `layer` 4$"
    ):
        layer_with_maps(classifier, "10")
    flat = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(1728, 5)), NAMES[:5], (24, 24))
    with pytest.raises(InputError, match=r"^`layer` 1: 1 is a Linear without maps$"):
        layer_with_maps(flat, "1")
    assert convolution_before(classifier, resolve(classifier, "3")) == "0"


def test_channels_out_of_range_are_named_by_their_parameter(cnn):
    layer = resolve(Classifier(cnn, NAMES[:5], (24, 24)), "4")
    check_channels(layer, [0, 11], "filters")
    for channel in (-1, 12):
        with pytest.raises(InputError, match=f"^`filters` {channel}: layer 4 = .* has the channels 0 to 11$"):
            check_channels(layer, [0, channel], "filters")


def test_the_command_prints_a_table_with_dead_channels(foodviz, tmp_path):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(4096, 11))
    net[0].bias.data.copy_(torch.tensor([-50.0, -50.0, -50.0, 1.0]))
    torch.save(net, tmp_path / "net.pth")
    flags = ("--model", "net.pth", "--ids", "0", "5000", "--input-size", "128")
    done = foodviz("layers", *flags)
    assert done.exit_code == 0, done.stderr
    rows = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()]
    assert rows[0] == ["index", "name", "type", "channels", "size", "field", "parameters", "dead"]
    assert rows[2] == ["1", "1", "ReLU", "4", "128x128", "3", "0", "75%"]
    table = json.loads(foodviz("layers", *flags, "--json", "--quiet").stdout)
    assert table[1]["dead"] == 0.75
    assert table[2]["size"] == "32x32"


@pytest.mark.parametrize("requested", ["--5", "9" * 5000, "\x1b[31m", "a" * 9000, "1\n"])
def test_what_is_no_layer_is_refused_in_one_short_line(report, requested):
    with pytest.raises(InputError, match="`layer`") as refused:
        resolve(report, requested)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500
