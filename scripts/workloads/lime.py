"""LIME beside the lime package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.subject import bare, fast, photographs

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("lime",)
ROWS, TARGET = 1000, 7


def cut(image: torch.Tensor) -> torch.Tensor:
    """About 100 superpixels."""
    from foodviz.methods.superpixels import segment

    return segment(image, segments=160)


def lime() -> Contestants:
    """LIME with its segmentation, one image, about 100 superpixels, 1000 samples where not said otherwise"""

    def ours(*, rows: int | None = ROWS, rough: bool = False) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            from foodviz.methods.lime import explain

            model, image = fast(), photographs(1)[0]
            model = model.bfloat16() if rough else model
            design = "balanced" if rows is None else "random"
            return lambda: explain(model, image, cut(image), [TARGET], samples=rows, design=design)

        return prepare

    def plain() -> Callable[[], object]:
        import torch

        model, image = bare(), photographs(1)[0]
        some = image.expand(8, -1, -1, -1).contiguous()

        @torch.inference_mode()
        def run() -> object:
            cut(image)
            return [model(some) for _ in range(ROWS // 8)]

        return run

    def package(batch_size: int) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            import torch
            from lime.lime_image import LimeImageExplainer

            model, image = bare(), photographs(1)[0]
            pixels = image.permute(1, 2, 0).double().numpy()

            @torch.inference_mode()
            def classify(pictures: object) -> object:
                return model(torch.from_numpy(pictures).float().permute(0, 3, 1, 2)).numpy()

            return lambda: LimeImageExplainer(random_state=0).explain_instance(
                pixels,
                classify,
                labels=(TARGET,),
                top_labels=None,
                num_samples=ROWS,
                batch_size=batch_size,
                segmentation_fn=lambda _: cut(image).numpy(),
            )

        return prepare

    return {
        "foodviz, lime's random rows": ours(),
        "bare": plain,
        "lime, its batch size of 10": package(10),
        "lime, batch size 64": package(64),
        "foodviz, default": ours(rows=None),
        "foodviz, random rows, bfloat16": ours(rough=True),
    }
