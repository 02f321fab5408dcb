"""Pictures written as spectra, and the statistics of natural pictures that such a spectrum starts from.

Gradient ascent on pixels fills a picture with high frequencies that no photograph has. Written as a spectrum whose
frequencies are scaled as they are in photographs, with the three colours made independent, the same ascent draws
shapes: Olah, Mordvintsev, Schubert 2017, "Feature Visualization", Distill, doi:10.23915/distill.00007.

Deviation: values beyond [0, 1] are cut, with a gradient that leads back inside, where Lucid takes a sigmoid. The
sigmoid's own gradient dies far out, and what climbed the wrong way stays there: filters end up less excited.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from foodviz.methods.ascent import leading_back


@dataclass(frozen=True)
class Statistics:
    """How the pixels of natural pictures, in [0, 1], vary."""

    mean: Tensor  # (3,), the average colour
    colour: Tensor  # (3, 3), RGB = mean + colour @ three independent channels of unit variance
    magnitude: Tensor  # (3, H, W // 2 + 1), orthonormal rfft2 magnitude of those three channels
    size: tuple[int, int]  # (H, W) in pixels

    def to(self, device: torch.device) -> "Statistics":
        return Statistics(self.mean.to(device), self.colour.to(device), self.magnitude.to(device), self.size)

    def of_size(self, size: tuple[int, int]) -> "Statistics":
        """Statistics of pieces of (H, W) pixels of such pictures, at the same scale.

        The spectrum has the same magnitudes at the same frequencies in cycles per pixel, interpolated.
        """
        if size == self.size:
            return self
        down = torch.fft.fftfreq(size[0]) % 1 * self.size[0]
        across = torch.fft.rfftfreq(size[1]) * self.size[1]
        around = torch.cat([self.magnitude, self.magnitude[:, :1]], 1)  # frequencies go round
        magnitude = _between(_between(around, down, 1), across, 2)
        return Statistics(self.mean, self.colour, _unit_variance(magnitude, size), size)


def imagenet_statistics(size: tuple[int, int]) -> Statistics:
    """Statistics for pictures of (H, W) pixels without any data: a spectrum of f^-1.5 and ImageNet's colours.

    The colour matrix is the published one of Lucid, a square root of ImageNet's colour covariance; the mean is grey.
    The spectrum is that of photographs resized to a network's small input, a little steeper than the f^-1 to f^-1.3 of
    large ones.
    """
    colour = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
    falling = frequencies(size).clamp_min(1 / max(size)) ** -1.5
    return Statistics(torch.full((3,), 0.5), colour, _unit_variance(falling.expand(3, -1, -1), size), size)


def fitted_statistics(pictures: Tensor) -> Statistics:
    """Statistics of (N, 3, H, W) photographs in [0, 1]; a few hundred are enough.

    The colour matrix is the symmetric square root of their colour covariance.
    """
    mean = pictures.mean((0, 2, 3))
    values, vectors = torch.linalg.eigh(torch.cov(pictures.movedim(1, 0).flatten(1)))
    root = values.clamp_min(1e-5).sqrt()
    colour = vectors @ torch.diag(root) @ vectors.T
    whitening = vectors @ torch.diag(1 / root) @ vectors.T
    white = torch.einsum("ij,njhw->nihw", whitening, pictures - mean.view(3, 1, 1))
    magnitude = torch.fft.rfft2(white, norm="ortho").abs().mean(0)
    size = (pictures.shape[2], pictures.shape[3])
    return Statistics(mean, colour, _unit_variance(magnitude, size), size)


def frequencies(size: tuple[int, int]) -> Tensor:
    """Frequency of each rfft2 coefficient of an (H, W) picture in cycles per pixel, (H, W // 2 + 1)."""
    down, across = torch.fft.fftfreq(size[0]), torch.fft.rfftfreq(size[1])
    return torch.hypot(down[:, None], across)


def blurred(pictures: Tensor, deviations: Tensor) -> Tensor:
    """(N, 3, H, W) pictures, each under a Gaussian of its own standard deviation (N,) in pixels, around the edges."""
    size = (pictures.shape[2], pictures.shape[3])
    waves = 2 * math.pi * frequencies(size).to(pictures.device) * deviations.to(pictures.device).view(-1, 1, 1, 1)
    soft: Tensor = torch.fft.irfft2(torch.fft.rfft2(pictures) * torch.exp(-waves.square() / 2), s=size)
    return soft


def high_frequency_share(pictures: Tensor) -> Tensor:
    """Share of each picture's spectral energy (mean taken off) above half the Nyquist frequency, (N,)."""
    centred = pictures - pictures.mean((2, 3), keepdim=True)
    energy = torch.fft.fft2(centred).abs().square().sum(1)
    down, across = (torch.fft.fftfreq(length) for length in pictures.shape[2:])
    high = torch.hypot(down[:, None], across) > 0.25
    share: Tensor = energy[:, high].sum(1) / energy.sum((1, 2)).clamp_min(1e-12)
    return share


def from_spectrum(spectrum: Tensor, statistics: Statistics) -> Tensor:
    """Complex (N, 3, H, W // 2 + 1) spectra of the three independent channels -> (N, 3, H, W) RGB in [0, 1]."""
    channels = torch.fft.irfft2(spectrum, s=statistics.size, norm="ortho")
    mixed = (statistics.colour @ channels.flatten(2)).view_as(channels)
    held: Tensor = _Held.apply(mixed + statistics.mean.view(3, 1, 1))
    return held


class _Held(torch.autograd.Function):
    """Cut to [0, 1]; for an objective that is climbed, values beyond an end still get the gradient that leads back."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.save_for_backward(values)
        return values.clamp(0, 1)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (values,) = context.saved_tensors
        return leading_back(gradient, values < 0, values > 1)


def _unit_variance(magnitude: Tensor, size: tuple[int, int]) -> Tensor:
    """Scales magnitudes so that a picture made of them has unit variance in each of its channels."""
    twice = torch.full((size[1] // 2 + 1,), 2.0)  # rfft2 keeps one of each conjugate pair
    twice[0] = 1.0
    if size[1] % 2 == 0:
        twice[-1] = 1.0
    energy = (magnitude.square() * twice).sum((1, 2), keepdim=True)
    return magnitude * (size[0] * size[1] / energy).sqrt()


def _between(values: Tensor, places: Tensor, axis: int) -> Tensor:
    """Values at fractional places along an axis, linearly between their neighbours."""
    low = places.floor().long().clamp(0, values.shape[axis] - 1)
    high = (low + 1).clamp_max(values.shape[axis] - 1)
    shape = [1] * values.ndim
    shape[axis] = -1
    return torch.lerp(
        values.index_select(axis, low), values.index_select(axis, high), (places - low).view(shape).to(values)
    )
