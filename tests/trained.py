"""Nets that tests need trained, carried in tests/nets: a net trained inside a test learns something else, or nothing,
on another processor. scripts/make_test_nets.py made them."""

from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

FOLDER = Path(__file__).with_name("nets")


class Net(nn.Module):
    """Convolutions, one step between, linear layers."""

    def __init__(self, cnn: nn.Module, fc: nn.Module, join: nn.Module | None = None) -> None:
        super().__init__()
        self.cnn, self.fc, self.join = cnn, fc, join or nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.join(self.cnn(images)).flatten(1))


def blocks(activation: nn.Module, *widths: int) -> nn.Sequential:
    """For each width a convolution, a norm, the activation and a pool by two."""
    layers: list[nn.Module] = []
    for entering, leaving in pairwise((3, *widths)):
        layers += [nn.Conv2d(entering, leaving, 3, padding=1), nn.BatchNorm2d(leaving), activation, nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


def bgr() -> Net:
    """Food of the sample, 32x32 pixels in blue, green, red, [0, 1]."""
    return Net(blocks(nn.ReLU(), 12, 16, 24), nn.Sequential(nn.Linear(384, 32), nn.ReLU(), nn.Linear(32, 11)))


def leaky() -> Net:
    """Stripes; everywhere LeakyReLU(0.1)."""
    act = nn.LeakyReLU(0.1)
    return Net(blocks(act, 8, 12, 12), nn.Sequential(nn.Linear(192, 16), act, nn.Linear(16, 3)))


def largest() -> Net:
    """Stripes in a corner of 16 pixels; the largest value of each map counts, wherever it is."""
    return Net(blocks(nn.ReLU(), 8, 12, 12), nn.Linear(12, 3), nn.AdaptiveMaxPool2d(1))


def relying() -> Net:
    """Variants of the sample (tests/variants.py), 64x64 pixels: where in the picture something is does not count."""
    return Net(blocks(nn.ReLU(), 12, 20, 28), nn.Linear(56, 3), Pooled())


class Pooled(nn.Module):
    """Mean and largest value of each map."""

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)


def carried(net: Net, name: str) -> Net:
    """The net with its trained weights, in evaluation mode."""
    net.load_state_dict(load_file(FOLDER / f"{name}.safetensors"))
    return net.eval().requires_grad_(False)


def stripes(count: int, seed: int, side: int = 32) -> tuple[Tensor, Tensor]:
    """Pictures of three classes, (count, 3, 32, 32), and labels: stripes across, stripes down, a chequerboard.

    The pattern fills a corner of `side` pixels, noise the rest.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    along = torch.arange(32) // 2 % 2
    kinds = [along[:, None].expand(32, 32), along[None].expand(32, 32), along[:, None] ^ along[None]]
    patterns = torch.stack([kind.float() for kind in kinds])[labels][:, None]
    patterns[..., side:, :] = patterns[..., side:] = 0.5
    noise = torch.rand(count, 3, 32, 32, generator=generator)
    return 0.35 * patterns + 0.65 * noise, labels
