"""Which picture excites a filter most? Gradient ascent on the picture, all filters in one batch.

Erhan, Bengio, Courville, Vincent 2009, "Visualizing Higher-Layer Features of a Deep Network" (the idea).
Olah, Mordvintsev, Schubert 2017, "Feature Visualization", Distill, doi:10.23915/distill.00007 (`fourier_pictures`;
transforms are one affine map a step, the picture keeps its size and continues in its mean colour; besides it is blurred
at random, as no other transform takes fine grain away; for the same reason the spectrum fades a little at each step and
falls more steeply than that of photographs).
Fel et al. 2023, "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization",
arXiv:2306.06805 (`maco_pictures`; with the transforms of `fourier_pictures` instead of crops, and no attribution mask).

Each picture has random numbers of its own and rows never mix, so a filter's picture does not depend on its company.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foodviz.hooks import device_of, evaluating, run_to
from foodviz.methods.ascent import SGD, Adam, Objective, RedirectedReLU, channel_mean, stuck
from foodviz.methods.random_transforms import Transform, random_transforms
from foodviz.methods.spectrum import Statistics, from_spectrum

# Exponent on the magnitudes of photographs, which decide how fast each frequency climbs: shapes come before grain.
_STEEPER = 1.2
_FADING = 0.02  # of the spectrum in each unit of lr: what nothing pulls at goes, grain above all
WAKING = 16  # first steps in which a picture without any gradient gets one through redirected ReLUs
LAP = 32  # steps after which an ascent that may end early looks how far it has come


@dataclass(frozen=True)
class Ascent:
    """What an ascent gave for K channels."""

    pictures: Tensor  # (K, 3, H, W), RGB in [0, 1]
    curve: Tensor  # (steps, K), the objective at each step, in the layer's units; NaN once a picture has settled
    frames: Tensor  # (F, K, 3, H, W), snapshots during the climb; F = 0 unless asked for
    dead: Tensor  # (K,) bool, no step gave any gradient: the picture is only its start

    def rows(self, rows: slice) -> "Ascent":
        """Some of the channels."""
        return Ascent(self.pictures[rows], self.curve[:, rows], self.frames[:, rows], self.dead[rows])


def fourier_pictures(
    model: nn.Module,
    layer: nn.Module,
    channels: Tensor,
    statistics: Statistics,
    *,
    objective: Objective = channel_mean,
    seeds: Sequence[int],
    steps: int = 256,
    lr: float = 0.5,
    settled: float = 0.0,
    every: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Ascent:
    """Pictures optimised as decorrelated, scaled spectra under random transforms.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits; runs in evaluation mode, its flags are given back.
        layer: the module inside it whose output is looked at.
        channels: (K,) int64, the channel that each picture is for.
        statistics: of natural pictures, of the size to draw.
        objective: climbed, one value for each row of the layer's output.
        seeds: K whole numbers, one generator each.
        steps, lr: of Adam on the spectrum.
        settled: a picture is ready before the last step once its objective has risen by less than this share of itself
            over `LAP` steps; 0 takes all steps. Pictures that are ready leave the batch to the others.
        every: keep a snapshot every so many steps; 0 keeps none.
        progress: wraps the steps, for a progress bar.
    """
    device = device_of(model)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    shape = (*statistics.magnitude.shape, 2)
    start = torch.stack([torch.randn(shape, generator=generator) for generator in generators]) * 0.01
    natural = statistics.to(device)
    pace = natural.magnitude**_STEEPER

    def picture(values: Tensor) -> Tensor:
        return from_spectrum(torch.view_as_complex(values) * pace, natural)

    transform = random_transforms(generators, steps, natural.mean)
    climber = Adam(lr, fading=_FADING)
    return _climb(
        model,
        layer,
        channels,
        start.to(device),
        picture,
        climber,
        objective,
        steps,
        settled,
        every,
        transform,
        progress,
    )


def maco_pictures(
    model: nn.Module,
    layer: nn.Module,
    channels: Tensor,
    statistics: Statistics,
    *,
    objective: Objective = channel_mean,
    seeds: Sequence[int],
    steps: int = 256,
    lr: float = 0.1,
    settled: float = 0.0,
    every: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Ascent:
    """Pictures whose magnitude spectrum stays that of natural pictures: only the phases climb.

    Arguments as in `fourier_pictures`; lr is Adam's, in radians.
    """
    device = device_of(model)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    shape = statistics.magnitude.shape
    start = torch.stack([torch.rand(shape, generator=generator) for generator in generators]) * (2 * math.pi)
    natural = statistics.to(device)

    def picture(phases: Tensor) -> Tensor:
        return from_spectrum(torch.polar(natural.magnitude.expand_as(phases), phases), natural)

    transform = random_transforms(generators, steps, natural.mean)
    climber = Adam(lr)
    return _climb(
        model,
        layer,
        channels,
        start.to(device),
        picture,
        climber,
        objective,
        steps,
        settled,
        every,
        transform,
        progress,
    )


def pixel_pictures(
    model: nn.Module,
    layer: nn.Module,
    channels: Tensor,
    start: Tensor,
    *,
    objective: Objective = channel_mean,
    optimizer: Adam | SGD,
    steps: int = 100,
    every: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Ascent:
    """Plain ascent on the pixels, as course and scripts have it: nothing holds them in [0, 1] until the end.

    Arguments as in `fourier_pictures`, and start: (K, 3, H, W), RGB in [0, 1]; it is not modified.
    """
    return _climb(
        model,
        layer,
        channels,
        start.to(device_of(model)).clone(),
        lambda pixels: pixels,
        optimizer,
        objective,
        steps,
        0.0,
        every,
        lambda pictures, _step, _rows: pictures,
        progress,
    )


def noise_pictures(seeds: Sequence[int], size: tuple[int, int]) -> Tensor:
    """The start of the cited scripts: light grey noise between 150 and 180 of 255, (K, 3, H, W)."""
    shape = (3, *size)
    noise = [torch.rand(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return (150 + 30 * torch.stack(noise)) / 255


def _climb(
    model: nn.Module,
    layer: nn.Module,
    channels: Tensor,
    values: Tensor,
    picture: Callable[[Tensor], Tensor],
    optimizer: Adam | SGD,
    objective: Objective,
    steps: int,
    settled: float,
    every: int,
    transform: Transform,
    progress: Callable[[Iterable[int]], Iterable[int]],
) -> Ascent:
    """Climbs the objective in `values`, of which `picture` makes the pictures. See `fourier_pictures`."""
    climbing = values.requires_grad_()  # the rows that are not ready, which are `rows` of all
    ready = values.detach().clone()
    channels = channels.to(values.device)
    rows = torch.arange(len(channels), device=values.device)
    dead = torch.ones_like(channels, dtype=torch.bool)
    curve = torch.full((steps, len(channels)), torch.nan, device=values.device)
    frames = []
    with evaluating(model):
        for step in progress(range(steps)):
            if settled and step and step % LAP == 0:
                keep = ~_settled(curve[:step, rows], settled)
                ready[rows] = climbing.detach()
                rows, climbing = rows[keep], climbing.detach()[keep].requires_grad_()
                optimizer.keep(keep)
                if not len(rows):
                    break
            if every and step % every == 0:
                ready[rows] = climbing.detach()
                frames.append(picture(ready).clamp(0, 1))
            seen = transform(picture(climbing), step, rows)
            score = objective(run_to(model, layer, seen), channels[rows])
            (gradient,) = torch.autograd.grad(score.sum(), climbing, retain_graph=step < WAKING)
            asleep = stuck(gradient)
            if step < WAKING and asleep.any():
                with RedirectedReLU():
                    woken = objective(run_to(model, layer, seen), channels[rows])
                    (redirected,) = torch.autograd.grad(woken.sum(), climbing)
                gradient = torch.where(asleep.view(-1, *[1] * (values.ndim - 1)), redirected, gradient)
                asleep = stuck(gradient)
            dead[rows] &= asleep
            curve[step, rows] = score.detach().to(curve.dtype)
            optimizer.ascend(climbing, gradient)
    ready[rows] = climbing.detach()
    pictures = picture(ready).clamp(0, 1)
    return Ascent(pictures, curve, torch.stack(frames) if frames else pictures[None][:0], dead)


def _settled(curve: Tensor, share: float) -> Tensor:
    """Which of (steps, K) climbs have risen by less than that share over the last `LAP` steps, (K,).

    Random transforms make single steps jump: halves of laps are compared by their means.
    """
    if len(curve) < 2 * LAP:
        return curve.new_zeros(curve.shape[1], dtype=torch.bool)
    before, now = (part[LAP // 2 :].mean(0) for part in (curve[-2 * LAP : -LAP], curve[-LAP:]))
    return now - before <= share * now.abs()
