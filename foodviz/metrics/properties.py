"""Simple local properties of photographs, pixel by pixel: what a filter's map can be compared with."""

import torch
from torch import Tensor
from torch.nn import functional

HUES = ("red", "orange to yellow", "yellow-green", "green", "cyan", "blue", "violet", "pink")
LINES = ("horizontal lines", "falling lines", "vertical lines", "rising lines")
PROPERTIES = ("brightness", "saturation", *HUES, "edges", "local contrast", *LINES, "curves")
"""The names, in the order of `local_properties`."""
OPPOSITES = {"brightness": "darkness", "saturation": "greyness", "local contrast": "smooth areas"}
"""What a negative correlation with a property is called, where there is a word."""


def local_properties(images: Tensor) -> Tensor:
    """The properties of (N, 3, H, W) photographs in [0, 1], each (H, W): (N, len(PROPERTIES), H, W), all >= 0.

    Brightness is the mean of the colours, saturation their range; a hue is that range where the pixel's hue lies in the
    eighth of the circle around it (red is centred on 0 degrees). Edges are the gradient of the brightness after a
    little blur, lines that gradient in the quarter turn around a direction, local contrast the standard deviation
    within 9x9 pixels, curves how fast the direction of an edge turns times its strength (0 along a straight edge).
    """
    bright, saturation = images.mean(1), images.amax(1) - images.amin(1)
    sector = ((_hue(images, saturation) * 8 + 0.5).floor() % 8).long()
    hues = functional.one_hot(sector, 8).movedim(-1, 1) * saturation[:, None]

    across, down = _slopes(bright)
    square = across.square() + down.square()
    edges = square.sqrt()
    # the line runs at right angles to the gradient; y points down, so a gradient to the lower right is a rising line
    angle = torch.atan2(down, across) + torch.pi / 2
    quarter = ((angle / (torch.pi / 4) + 0.5).floor() % 4).long()
    lines = functional.one_hot(quarter[:, 0], 4).movedim(-1, 1) * edges

    turning = (
        _slope(across, 3) * down.square() - 2 * _slope(across, 2) * across * down + _slope(down, 2) * across.square()
    ).abs() / (square + 1e-4)
    mean = _box(bright[:, None])
    contrast = (_box(bright[:, None].square()) - mean.square()).clamp_min(0).sqrt()
    return torch.cat([bright[:, None], saturation[:, None], hues, edges, contrast, lines, turning], 1)


def edge_strength(images: Tensor) -> Tensor:
    """The property `edges` alone, what an edge detector draws: (N, 3, H, W) -> (N, H, W)."""
    across, down = _slopes(images.mean(1))
    return (across.square() + down.square()).sqrt()[:, 0]


def _slopes(bright: Tensor) -> tuple[Tensor, Tensor]:
    """How the brightness (N, H, W), a little blurred, rises to the right and downwards: (N, 1, H, W) each."""
    soft = _blurred(bright[:, None])
    return _slope(soft, 3), _slope(soft, 2)


def _hue(images: Tensor, saturation: Tensor) -> Tensor:
    """Hue as a share of the circle, [0, 1); 0 where there is no colour."""
    red, green, blue = images.unbind(1)
    spread = saturation.clamp_min(1e-6)
    top = images.amax(1)
    not_red = torch.where(top == green, 2 + (blue - red) / spread, 4 + (red - green) / spread)
    return (torch.where(top == red, (green - blue) / spread, not_red) / 6) % 1


def _blurred(maps: Tensor) -> Tensor:
    """A binomial blur of 5 pixels, (N, 1, H, W)."""
    weights = maps.new_tensor([1, 4, 6, 4, 1]) / 16
    padded = functional.pad(maps, (2, 2, 2, 2), mode="replicate")
    return functional.conv2d(functional.conv2d(padded, weights.view(1, 1, 1, 5)), weights.view(1, 1, 5, 1))


def _box(maps: Tensor) -> Tensor:
    return functional.avg_pool2d(functional.pad(maps, (4, 4, 4, 4), mode="replicate"), 9, stride=1)


def _slope(maps: Tensor, axis: int) -> Tensor:
    """Half the difference of the two neighbours along an axis; a border counts as its own neighbour."""
    padding = (1, 1, 0, 0) if axis == 3 else (0, 0, 1, 1)
    padded = functional.pad(maps, padding, mode="replicate")
    length = maps.shape[axis]
    return (padded.narrow(axis, 2, length) - padded.narrow(axis, 0, length)) / 2
