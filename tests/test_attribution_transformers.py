"""Attention rollout and transformer attribution against ViT and Swin written out; what other nets are told."""

import copy

import pytest
import torch
from slow_transformers import relevant, rolled, swin_forward, swin_product, vit_forward
from torch import nn
from torch.nn import functional
from torchvision import models

from foodviz.errors import InputError
from foodviz.methods.attention import read
from foodviz.methods.attribution import attention_rollout, transformer_attribution
from foodviz.methods.attribution.gradcam import enlarge
from foodviz.methods.attribution.score import difference, logit, loss, probability

pytestmark = pytest.mark.usefixtures("float64")
BOTH = [attention_rollout.attribute, transformer_attribution.attribute]


def slow_vit(net, image, target, score):
    """(h, w) of rollout and of transformer attribution."""
    logits, matrices = vit_forward(net, image)
    total = score(logits[None], target[None]).sum()
    rollout = relevance = torch.eye(len(matrices[0][0]))
    for heads in matrices:
        rollout = rolled(heads) @ rollout
        relevance = relevant(heads, lambda each: torch.autograd.grad(total, each, retain_graph=True)[0]) @ relevance
    side = int((len(rollout) - 1) ** 0.5)
    return rollout[0, 1:].view(side, side), relevance[0, 1:].view(side, side).detach()


def swin(image_size):
    """10x10 patches of a picture of 20 pixels: padded to windows of 4x4 and shifted, merged to 5x5."""
    sizes = {"patch_size": [2, 2], "window_size": [4, 4], "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4]}
    net = models.SwinTransformer(**sizes, num_classes=5, stochastic_depth_prob=0.0)
    for parameter in net.parameters():
        parameter.data.normal_(0, 0.3)
    return net.eval().requires_grad_(False), torch.rand(2, 3, image_size, image_size)


@pytest.mark.parametrize("score", [logit, probability, loss, difference])
def test_of_a_vit_they_are_the_papers_formulas(vit, images, targets, score):
    aims = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    slow = [slow_vit(vit, image, aim, score) for image, aim in zip(images, aims, strict=True)]
    for place, attribute in enumerate(BOTH):
        ours = attribute(vit, images, aims, score=score)
        exact = enlarge(torch.stack([each[place] for each in slow]), (24, 24))
        torch.testing.assert_close(ours.values, exact, rtol=1e-8, atol=1e-12)
        assert (ours.values >= 0).all()


def test_of_a_vit_in_its_usual_size_too():
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32, "num_classes": 5}
    net = models.VisionTransformer(image_size=32, patch_size=8, **sizes)
    net.heads.head.weight.data.normal_()
    net = net.eval().requires_grad_(False)
    images, targets = torch.rand(2, 3, 32, 32), torch.tensor([1, 4])
    slow = [slow_vit(net, image, target, logit) for image, target in zip(images, targets, strict=True)]
    for place, attribute in enumerate(BOTH):
        exact = enlarge(torch.stack([each[place] for each in slow]), (32, 32))
        torch.testing.assert_close(attribute(net, images, targets).values, exact, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("size", [16, 20])
def test_of_a_swin_windows_are_put_together(size):
    net, images = swin(size)
    targets = torch.tensor([2, 0])
    rollouts, relevances = [], []
    for image, target in zip(images, targets, strict=True):
        logits, layers = swin_forward(net, image)
        torch.testing.assert_close(logits, net(image[None])[0])
        grid = layers[0][0]
        rollouts.append(swin_product([(own, rolled(heads)) for own, heads in layers]).mean(0).view(grid))
        matrices = []
        for own, heads in layers:
            gradients = dict(zip(heads, torch.autograd.grad(logits[target], heads, retain_graph=True), strict=True))
            matrices.append((own, relevant(heads, gradients.__getitem__)))
        plain = swin_product([(own, torch.eye(len(each))) for own, each in matrices])
        relevances.append((swin_product(matrices) - plain).mean(0).view(grid).detach())
    for attribute, exact in zip(BOTH, (rollouts, relevances), strict=True):
        ours = attribute(net, images, targets).values
        torch.testing.assert_close(ours, enlarge(torch.stack(exact), (size, size)), rtol=1e-7, atol=1e-10)


def test_swin_v2_is_read_too():
    sizes = {"patch_size": [2, 2], "window_size": [4, 4], "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4]}
    block, merge = models.swin_transformer.SwinTransformerBlockV2, models.swin_transformer.PatchMergingV2
    net = models.SwinTransformer(**sizes, num_classes=5, block=block, downsample_layer=merge)
    net = net.double().eval().requires_grad_(False)
    ours = attention_rollout.attribute(net, torch.rand(1, 3, 16, 16), torch.tensor([0])).values
    assert (ours > 0).all()


def test_reading_changes_no_answer(vit, images):
    for net, pictures in ((vit, images), swin(20)):
        logits, layers = read(net, pictures)
        torch.testing.assert_close(logits.detach(), net(pictures))
        for layer in layers:
            torch.testing.assert_close(layer.weights.sum(-1), torch.ones_like(layer.weights[..., 0]))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(("pool", "registers"), [("token", 0), ("token", 3), ("avg", 0)])
def test_timms_vit_is_read(images, targets, fused, pool, registers):
    timm = pytest.importorskip("timm")
    sizes = {"img_size": 24, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 5}
    net = timm.models.VisionTransformer(**sizes, global_pool=pool, class_token=pool == "token", reg_tokens=registers)
    for parameter in net.parameters():
        parameter.data.normal_(0, 0.3)
    net = net.eval().requires_grad_(False)
    kept = []
    slow = copy.deepcopy(net)
    for module in net.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = fused
    for module in slow.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
            module.attn_drop.register_forward_hook(lambda _module, _inputs, weights: kept.append(weights))
    logits = slow(images.clone().requires_grad_())
    total = logit(logits, targets).sum()
    rollout = relevance = torch.eye(kept[0].shape[-1])
    for weights, gradient in zip(kept, torch.autograd.grad(total, kept), strict=True):
        weights = weights.detach()
        matrix = weights.mean(1) + torch.eye(weights.shape[-1])
        rollout = matrix / matrix.sum(-1, keepdim=True) @ rollout
        relevance = relevance + (weights * gradient).clamp(min=0).mean(1) @ relevance
    patches = [(values[:, 0] if pool == "token" else values.mean(1)) for values in (rollout, relevance)]
    patches[1] = patches[1] - (1 / 9 if pool == "avg" else 0)
    for attribute, exact in zip(BOTH, patches, strict=True):
        exact = enlarge(exact[:, -9:].view(4, 3, 3), (24, 24))
        torch.testing.assert_close(attribute(net, images, targets).values, exact, rtol=1e-7, atol=1e-10)


def test_timms_swin_is_read_where_its_windows_fit():
    timm = pytest.importorskip("timm")
    sizes = {"patch_size": 2, "window_size": 4, "embed_dim": 8, "depths": (2, 2), "num_heads": (2, 4), "num_classes": 5}
    net, images = swin(16)
    other = timm.models.SwinTransformer(img_size=16, **sizes).eval().requires_grad_(False)
    _, layers = read(other, images)
    _, same = read(net, images)
    assert [each.grid for each in layers] == [each.grid for each in same]
    assert all(torch.equal(one.windows, two.windows) for one, two in zip(layers, same, strict=True))
    assert (transformer_attribution.attribute(other, images, torch.tensor([0, 1])).values >= 0).all()
    padded = timm.models.SwinTransformer(img_size=20, **sizes).eval().requires_grad_(False)
    with pytest.raises(InputError, match="padded windows"):
        read(padded, torch.rand(1, 3, 20, 20))


class Own(nn.Module):
    """A ViT as people write it: patches cut by hand, torch's own encoder, and the mean of the tokens."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=first, norm_first=True)
        self.embed, self.encoder = nn.Linear(192, 16), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head, self.first = nn.Linear(16, 5), first

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = functional.unfold(images, 8, stride=8).mT
        tokens = self.embed(patches)
        tokens = self.encoder(tokens) if self.first else self.encoder(tokens.transpose(0, 1)).transpose(0, 1)
        return self.head(tokens.mean(1))


class OneHead(nn.Module):
    """Attention in three lines, without heads."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = functional.unfold(images, 8, stride=8).mT
        weights = torch.softmax(patches @ patches.mT, dim=2)
        weights *= 2  # in place
        return (weights @ patches)[:, :, :5].mean(1)


def test_attention_in_three_lines_is_read(images, targets):
    logits, (layer,) = read(OneHead(), images)
    torch.testing.assert_close(logits.detach(), OneHead()(images))
    patches = functional.unfold(images, 8, stride=8).mT
    torch.testing.assert_close(layer.weights.detach()[:, 0], (patches @ patches.mT).softmax(2))
    for attribute in BOTH:
        assert attribute(OneHead(), images, targets).values.shape == (4, 24, 24)


@pytest.mark.parametrize("first", [True, False])
def test_torchs_own_encoder_is_read(images, targets, first):
    net = Own(first=first).requires_grad_(False)
    logits, layers = read(net.eval(), images)
    torch.testing.assert_close(logits.detach(), net(images))
    assert [each.grid for each in layers] == [(3, 3)] * 2
    net.train()
    for attribute in BOTH:
        values = attribute(net, images, targets).values
        assert (values >= 0).all()
        assert (values > 0).any()
    assert net.training


def test_a_net_without_attention_is_told_what_it_has(cnn, images, targets):
    cnn.train()
    for attribute in BOTH:
        with pytest.raises(InputError, match=r"no attention between patches.* 2 Conv2d, 2 BatchNorm2d, 2 ReLU"):
            attribute(cnn, images, targets)
    assert cnn.training
    assert all(not each._forward_hooks and not each._forward_pre_hooks for each in cnn.modules())


def test_attention_of_another_form_is_refused(images):
    class Channels(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            flat = pictures.flatten(2)
            return ((flat @ flat.mT).softmax(-1) @ flat).mean(2)

    class Query(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            flat = pictures.flatten(2).mT[:, None]
            return functional.scaled_dot_product_attention(flat[:, :, :1], flat, flat)[:, 0, 0]

    with pytest.raises(InputError, match=r"3 tokens, which are no patches of 24x24 pixels, in 1 \(Channels\)"):
        read(nn.Sequential(nn.Identity(), Channels()), images)
    with pytest.raises(InputError, match="another form"):
        read(Query(), images)
    with pytest.raises(InputError, match=r"another form.*window_attention"):
        read(models.maxvit_t(num_classes=5).eval().requires_grad_(False), torch.rand(1, 3, 224, 224))


def test_an_answer_that_no_token_counts_for_has_an_empty_map(vit, images, targets):
    vit.heads.head.weight.zero_()
    for attribute in BOTH:
        assert (attribute(vit, images, targets).values == 0).all()


@pytest.mark.parametrize("method", ["attention-rollout", "transformer-attribution"])
def test_the_command_draws_them_and_tells_a_convolutional_net(foodviz, tmp_path, method):
    torch.set_default_dtype(torch.float32)
    (tmp_path / "net.py").write_text(
        "from torchvision.models import VisionTransformer\n"
        "def net(classes):\n"
        "    return VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16,"
        " mlp_dim=32, num_classes=classes)\n"
    )
    scope: dict[str, object] = {}
    exec((tmp_path / "net.py").read_text(), scope)
    net = scope["net"](11)
    net.heads.head.weight.data.normal_()
    torch.save(net.state_dict(), tmp_path / "net.pth")
    flags = ("--model", "net.pth", "--arch", "net.py:net", "--input-size", "32")
    done = foodviz("saliency", "--ids", "57", "--method", method, *flags)
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", method)
    assert refused.exit_code == 1
    assert "no attention between patches" in refused.stderr.splitlines()[-1]
