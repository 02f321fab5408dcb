"""Deep dream beside a bare loop and the cited script's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foodviz import homework
from workloads.subject import bare, fast, photographs, trainable

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("dream", "dream512")
LAYER, FILTER, STEPS = int(homework.DREAM_LAYER), homework.DREAM_FILTER, 30


def dream() -> Contestants:
    """30 plain steps for filter 94 of layer 34, 128x128"""
    return _contestants(128, STEPS)


def dream512() -> Contestants:
    """10 plain steps for filter 94 of layer 34, 512x512"""
    return _contestants(512, 10)


def _photograph(side: int) -> torch.Tensor:
    from torch.nn import functional

    picture = photographs(1)
    return picture if side == 128 else functional.interpolate(picture, size=(side, side), mode="bilinear")


def _contestants(side: int, steps: int) -> Contestants:
    def ours() -> Callable[[], object]:
        from foodviz.analysis.dream.objective import MARGIN, TILE
        from foodviz.methods import deep_dream as method
        from foodviz.methods.octaves import tiled

        model, start = fast(f"cnn.{LAYER}"), method.Moment(0, _photograph(side))
        climb = method.climber(model, model.network.cnn[LAYER], method.channels([FILTER]))
        climb = tiled(climb, (TILE, TILE), MARGIN)
        # the start is climbed, too, so that every moment has its objective
        return lambda: list(method.dream(climb, start, steps=steps - 1))

    def plain() -> Callable[[], object]:
        import torch

        classifier, picture = bare(), _photograph(side)
        trunk = classifier.network.cnn[: LAYER + 1]

        def run() -> None:
            for _ in range(steps):
                pixels = picture.clone().requires_grad_()
                score = trunk(classifier.normalised(pixels))[0, FILTER].mean()
                torch.autograd.grad(score, pixels)

        return run

    def cited() -> Callable[[], object]:
        import torch

        classifier = trainable()
        normalised = classifier.normalised(_photograph(side)).detach()

        def run() -> None:
            pixels = normalised.clone().requires_grad_()
            optimizer = torch.optim.SGD([pixels], lr=12, weight_decay=1e-4)
            for _ in range(steps):
                optimizer.zero_grad()
                values = pixels
                for index, layer in enumerate(classifier.network.cnn):
                    values = layer(values)
                    if index == LAYER:
                        break
                (-values[0, FILTER].mean()).backward()
                optimizer.step()
                # the script makes an 8-bit picture after each step
                (pixels.detach() * classifier.std + classifier.mean).clamp(0, 1).mul(255).round().byte().numpy()

        return run

    return {"foodviz": ours, "bare": plain, "the cited script's way": cited}
