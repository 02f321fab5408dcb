"""Deep dream at several scales, for pictures of any size.

Mordvintsev, Olah, Tyka 2015, "Inceptionism", and the notebook that came with it: the picture climbs at a small size
first, and the detail that grew is carried to the next larger size (an octave). Each gradient is taken of a randomly
rolled picture, smoothed, and divided by its standard deviation. Deviations: the standard deviation is that of the whole
picture, not of a tile; the random shift of a step comes from the seed and the step's number alone, so that a dream can
stop and go on anywhere; pixels stay in [0, 1].
"""

import math
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from foodviz.methods.deep_dream import Climb, Moment, check

BAND = 1_000_000  # pixels smoothed at once: a convolution of a whole photograph takes fifteen times its memory


def octave_sizes(height: int, width: int, octaves: int, scale: float, smallest: int = 32) -> list[tuple[int, int]]:
    """Heights and widths from the smallest octave to the picture's own, without those that are too small to climb."""
    sizes = [(round(height / scale**k), round(width / scale**k)) for k in reversed(range(octaves))]
    return [size for size in sizes[:-1] if min(size) >= smallest] + sizes[-1:]


def resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Images (N, 3, H, W) at another (height, width): bilinear, antialiased."""
    if images.shape[2:] == size:
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True)


def carried(photograph: Tensor, canvas: Tensor, size: tuple[int, int]) -> Tensor:
    """The photograph (1, 3, H, W) at `size` with the detail that a canvas (1, 3, h, w) has grown, clipped to [0, 1].

    At an octave's size this is where the octave starts; at the photograph's own it is the frame to look at.
    """
    before = (canvas.shape[2], canvas.shape[3])
    if before == size:
        return canvas
    detail = canvas - resized(photograph, before)
    return (resized(photograph, size) + resized(detail, size)).clamp_(0, 1)


def spans(length: int, tile: int, margin: int) -> list[tuple[int, int, int, int]]:
    """Where the tiles along one side lie: (start, end, first, last + 1 of the pixels whose gradient is kept).

    Tiles have the same length and overlap by twice `margin`, so that what is kept lies that far inside, but for the
    picture's own border.
    """
    tile = min(tile, length)
    if tile == length:
        return [(0, length, 0, length)]
    core = tile - 2 * margin
    starts = [max(0, min(first - margin, length - tile)) for first in range(0, length, core)]
    return [
        (a, a + tile, first, min(first + core, length)) for a, first in zip(starts, range(0, length, core), strict=True)
    ]


def tiled(climb: Climb, tile: tuple[int, int], margin: int, *, at_once: int = 512 * 512) -> Climb:
    """The same climb tile by tile: memory depends on the tile, not on the picture.

    Where `margin` reaches over a receptive field and tiles start on the network's grid, the gradient of an objective
    that is a mean over cells is the whole picture's. The objective is the tiles' mean, by area kept.

    Args:
        tile: (height, width) in pixels. A smaller picture is one tile.
        margin: pixels of a tile, towards each neighbour, whose gradient is left to the neighbour.
        at_once: pixels climbed in one batch of tiles.
    """

    def climb_tiles(canvas: Tensor) -> tuple[Tensor, Tensor]:
        height, width = canvas.shape[2:]
        places = list(product(spans(height, tile[0], margin), spans(width, tile[1], margin)))
        if len(places) == 1:
            return climb(canvas)
        (top, bottom, _, _), (left, right, _, _) = places[0]
        area = (bottom - top) * (right - left)
        batch = max(1, at_once // area)
        value, gradient = torch.zeros(1, device=canvas.device), torch.empty_like(canvas)
        for chunk in (places[i : i + batch] for i in range(0, len(places), batch)):
            values, gradients = climb(torch.cat([canvas[:, :, y[0] : y[1], x[0] : x[1]] for y, x in chunk]))
            for (y, x), tile_value, tile_gradient in zip(chunk, values, gradients, strict=True):
                kept = tile_gradient[:, y[2] - y[0] : y[3] - y[0], x[2] - x[0] : x[3] - x[0]]
                gradient[0, :, y[2] : y[3], x[2] : x[3]] = kept * (area / (height * width))
                value += tile_value * (kept[0].numel() / (height * width))
        return value, gradient

    return climb_tiles


def smoothed(gradient: Tensor, sigma: float) -> Tensor:
    """Mean of three Gaussian blurs of gradient (1, 3, H, W): half of, once and twice `sigma` pixels.

    Each keeps the scales the narrower ones let through, so that coarse shapes gain against pixel noise.
    """
    total = torch.zeros_like(gradient)
    rows = max(1, BAND // gradient.shape[3])
    for width in (0.5, 1.0, 2.0):
        for first in range(0, gradient.shape[2], rows):
            band = _blurred(gradient, sigma * width, first, first + rows)
            total[:, :, first : first + band.shape[2]] += band
    return total.div_(3)


def _blurred(images: Tensor, sigma: float, first: int, end: int) -> Tensor:
    """The rows from `first` to before `end` of images (N, 3, H, W), blurred; beyond the border its pixels go on."""
    height = images.shape[2]
    reach, end = math.ceil(3 * sigma), min(end, height)
    above, below = max(0, first - reach), min(height, end + reach)
    beyond = (reach, reach, above - (first - reach), end + reach - below)
    places = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = (kernel / kernel.sum()).repeat(3, 1, 1, 1)  # (3, 1, 1, 2 reach + 1)
    rows = functional.pad(images[:, :, above:below], beyond, mode="replicate")
    return functional.conv2d(functional.conv2d(rows, kernel, groups=3), kernel.transpose(2, 3), groups=3)


def dream_octaves(
    climb: Climb,
    photograph: Tensor,
    start: Moment,
    *,
    sizes: list[tuple[int, int]],
    steps: int,
    lr: float = 0.02,
    jitter: int = 32,
    sigma: float = 0.5,
    seed: int = 0,
) -> Iterator[Moment]:
    """Gradient ascent through octaves, one moment per step.

    Args:
        climb: from `climber`, for large pictures through `tiled`.
        photograph: (1, 3, H, W), RGB in [0, 1].
        start: step 0 and the photograph at the first octave's size, or the moment at which an earlier dream stopped.
        sizes: of the octaves, from `octave_sizes`.
        steps: per octave.
        lr: pixel intensity per standard deviation of the gradient.
        jitter: largest random roll in pixels, along each side.
        sigma: of the gradient's smoothing in pixels, growing by this much over an octave; 0 for none.
        seed: of the rolls.

    Yields:
        The start with its objective, then the moment after each step; its canvas has its octave's size.

    Raises:
        InputError: the objective has no gradient at step 0, or the canvas has left the range of numbers.
    """
    moment = start
    while True:
        octave = min(moment.step // steps, len(sizes) - 1)
        canvas = carried(photograph, moment.canvas, sizes[octave])
        widened = sigma * (1 + (moment.step % steps) / steps)
        value, gradient = uphill(climb, canvas, jitter=jitter, sigma=widened, seed=seed, step=moment.step)
        moment = Moment(moment.step, canvas, objective=float(value))
        check(moment, gradient)
        yield moment
        if moment.step >= steps * len(sizes):
            return
        moment = Moment(moment.step + 1, (canvas + gradient.mul_(lr)).clamp_(0, 1))
        del gradient  # of a large photograph, before the next one is taken


def uphill(climb: Climb, canvas: Tensor, *, jitter: int, sigma: float, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """The objective of a canvas (1, 3, h, w) and its gradient with a standard deviation of 1, smoothed and unrolled."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**64)  # any seed, as torch takes 64 bits
    down, right = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
    value, gradient = climb(canvas.roll((down, right), (2, 3)))
    if sigma:
        gradient = smoothed(gradient, sigma)
    deviation = gradient.std().clamp(min=1e-30)
    return value, gradient.roll((-down, -right), (2, 3)).div_(deviation)


def zoom(
    climb: Climb,
    picture: Tensor,
    *,
    frames: int,
    factor: float = 1.04,
    steps: int = 3,
    lr: float = 0.02,
    jitter: int = 32,
    sigma: float = 0.5,
    seed: int = 0,
) -> Iterator[Tensor]:
    """An endless zoom: enlarge the middle, dream a little, and again.

    Args:
        picture: (1, 3, H, W) in [0, 1], where a dream ended.
        frames: how many to make.
        factor: enlargement from frame to frame.
        steps: of each frame. The rest as in `dream_octaves`.

    Yields:
        (1, 3, H, W) in [0, 1].
    """
    for frame in range(frames):
        picture = zoomed(picture, factor)
        for step in range(frame * steps, (frame + 1) * steps):
            _, gradient = uphill(climb, picture, jitter=jitter, sigma=sigma, seed=seed + 1, step=step)
            picture = (picture + gradient.mul_(lr)).clamp_(0, 1)
        yield picture


def zoomed(images: Tensor, factor: float) -> Tensor:
    """The middle of images (1, 3, H, W), enlarged by `factor` to the same size."""
    shrink = torch.tensor([[[1 / factor, 0, 0], [0, 1 / factor, 0]]], device=images.device)
    grid = functional.affine_grid(shrink, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False).clamp(0, 1)
