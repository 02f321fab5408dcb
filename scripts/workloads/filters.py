"""Filter pictures beside a bare loop, the cited scripts' way and Lucent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foodviz import homework
from workloads.subject import bare, fast, trainable

if TYPE_CHECKING:
    from collections.abc import Callable

    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("filters", "atlas")
FILTERS, LAYER, STEPS, SIZE = homework.FILTERS, int(homework.LAYER), 30, (128, 128)


def filters() -> Contestants:
    """30 steps for five filters of layer 15, 128x128"""

    def ours(recipe: str) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            import torch

            from foodviz.methods import activation_maximization as method
            from foodviz.methods.ascent import Adam
            from foodviz.methods.spectrum import imagenet_statistics

            model = fast(f"cnn.{LAYER}")
            channels = model, model.network.cnn[LAYER], torch.tensor(FILTERS)
            if recipe == "pixel":
                start = method.noise_pictures(FILTERS, SIZE)
                return lambda: method.pixel_pictures(*channels, start, optimizer=Adam(0.1), steps=STEPS)
            climb, natural = getattr(method, f"{recipe}_pictures"), imagenet_statistics(SIZE)
            return lambda: climb(*channels, natural, seeds=FILTERS, steps=STEPS)

        return prepare

    def plain() -> Callable[[], object]:
        import torch

        trunk = bare().network.cnn[: LAYER + 1]
        start, rows = torch.rand(len(FILTERS), 3, *SIZE), torch.arange(len(FILTERS))

        def run() -> None:
            for _ in range(STEPS):
                pixels = start.clone().requires_grad_()
                score = trunk(pixels)[rows, list(FILTERS)].mean((1, 2)).sum()
                torch.autograd.grad(score, pixels)

        return run

    def one_at_a_time() -> Callable[[], object]:
        import torch

        trunk = trainable().network.cnn

        def run() -> None:
            for channel in FILTERS:
                pixels = torch.rand(1, 3, *SIZE, requires_grad=True)
                optimizer = torch.optim.Adam([pixels], lr=0.1, weight_decay=1e-6)
                for _ in range(STEPS):
                    optimizer.zero_grad()
                    values = pixels
                    for index, layer in enumerate(trunk):
                        values = layer(values)
                        if index == LAYER:
                            break
                    (-values[0, channel].mean()).backward()
                    optimizer.step()

        return run

    def lucent() -> Callable[[], object]:
        import torch
        from lucent.optvis import objectives, param, render

        model = trainable().network

        def run() -> None:
            for channel in FILTERS:
                render.render_vis(
                    model,
                    objectives.channel(f"cnn_{LAYER}", channel),
                    lambda: param.image(SIZE[0]),
                    thresholds=(STEPS,),
                    preprocess=False,
                    fixed_image_size=SIZE[0],
                    progress=False,
                    show_image=False,
                    verbose=False,
                )

        torch.manual_seed(0)
        return run

    return {
        "foodviz fourier": ours("fourier"),
        "bare": plain,
        "foodviz maco": ours("maco"),
        "foodviz pixel": ours("pixel"),
        "cited script, filter by filter": one_at_a_time,
        "lucent, filter by filter": lucent,
    }


DEEP, MANY = "28", range(8)


def atlas() -> Contestants:
    """30 steps for eight filters of layer 28 as the atlas draws them, beside Lucent as its first page has it"""

    def ours() -> Callable[[], object]:
        import torch

        from foodviz.analysis.atlas.drawing import drawn_size
        from foodviz.methods import activation_maximization as method
        from foodviz.methods.spectrum import imagenet_statistics
        from foodviz.models.units import units

        model = fast(f"cnn.{DEEP}")
        (unit,) = units(model, [f"cnn.{DEEP}"])
        natural = imagenet_statistics(drawn_size(unit.field, SIZE))
        channels = model, unit.layer.module, torch.tensor(MANY)
        return lambda: method.fourier_pictures(*channels, natural, seeds=MANY, steps=STEPS)

    def lucent() -> Callable[[], object]:
        from lucent.optvis import render

        model = trainable().network

        def run() -> None:
            for channel in MANY:
                render.render_vis(
                    model, f"cnn_{DEEP}:{channel}", thresholds=(STEPS,), progress=False, show_image=False, verbose=False
                )

        return run

    return {"foodviz": ours, "lucent as documented": lucent}
