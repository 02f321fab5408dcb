"""Tokens and channels-last maps are maps: Grad-CAM on transformers, beside a rewrite that knows the net."""

import pytest
import torch
from torch import nn
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

from foodviz import models
from foodviz.errors import InputError
from foodviz.methods.attribution import gradcam, layercam
from foodviz.models.classifier import Classifier
from foodviz.token_maps import as_maps, layout

pytestmark = pytest.mark.usefixtures("float64")


def classifier_of(network: nn.Module, size: tuple[int, int]) -> Classifier:
    torch.manual_seed(1)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.3)  # torchvision begins with a head of zeros
    return Classifier(network.eval(), ("a", "b", "c"), size).requires_grad_(False)


@pytest.fixture
def vit() -> Classifier:
    network = VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=3)
    return classifier_of(network.double(), (32, 32))


@pytest.fixture
def swin() -> Classifier:
    network = SwinTransformer([4, 4], 8, [2, 2], [2, 2], [2, 2], num_classes=3)
    return classifier_of(network.double(), (32, 32))


def by_hand(classifier, module, images, targets, reshape):
    """Grad-CAM with the graph of the whole net, its maps put in order by who knows how they lie."""
    kept = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    logits = classifier(images.clone().requires_grad_())
    handle.remove()
    (slopes,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), kept[0])
    maps, slopes = reshape(kept[0]), reshape(slopes)
    return (slopes.mean((2, 3), keepdim=True) * maps).sum(1).relu().detach()


def test_of_a_vit_it_looks_where_all_patches_still_speak(vit):
    layer = models.last_maps(vit)
    assert layer.name == "encoder.layers.encoder_layer_1.ln_1"
    assert (layer.channels, layer.height, layer.width) == (16, 4, 4)
    images, targets = torch.rand(3, 3, 32, 32), torch.tensor([0, 1, 2])
    expected = by_hand(vit, layer.module, images, targets, lambda out: out[:, 1:].mT.unflatten(2, (4, 4)))
    assert expected.abs().max() > 0
    torch.testing.assert_close(gradcam.class_activation(vit, layer.module, images, targets), expected)


def test_of_a_swin_it_looks_at_the_last_norm_channels_last(swin):
    layer = models.last_maps(swin)
    assert (layer.name, layer.channels, layer.height, layer.width) == ("norm", 16, 4, 4)
    images, targets = torch.rand(3, 3, 32, 32), torch.tensor([0, 1, 2])
    expected = by_hand(swin, layer.module, images, targets, lambda out: out.permute(0, 3, 1, 2))
    assert expected.abs().max() > 0
    torch.testing.assert_close(gradcam.class_activation(swin, layer.module, images, targets), expected)
    assert layercam.attribute(swin, images, targets, layer=layer.module).values.shape == (3, 32, 32)


def test_filters_of_tokens_are_refused_with_a_layer_that_has_maps(vit):
    with pytest.raises(InputError, match="without maps"):
        models.layer_with_maps(vit, "encoder.layers.encoder_layer_1.ln_1")


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((64, 8, 8), (128, 128), ("first", 64, 8, 8)),
        ((8, 8, 64), (128, 128), ("last", 64, 8, 8)),
        ((7, 7, 7), (224, 224), ("first", 7, 7, 7)),
        ((197, 768), (224, 224), ("tokens", 768, 14, 14)),
        ((64, 32), (128, 128), ("tokens", 32, 8, 8)),
        ((6, 12, 40), (96, 192), ("last", 40, 6, 12)),
        ((512, 1, 1), (128, 128), ("first", 512, 1, 1)),
        ((10,), (128, 128), None),
        ((2, 40), (128, 128), None),
    ],
)
def test_the_order_of_axes_is_read_from_the_picture_s_proportion(shape, size, expected):
    assert layout(shape, size) == expected


def test_tokens_become_maps_row_by_row_without_the_class_token():
    tokens = torch.arange(5.0).view(1, 5, 1)
    assert as_maps(tokens, (8, 8)).tolist() == [[[[1, 2], [3, 4]]]]
