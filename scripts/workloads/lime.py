"""LIME beside the lime package."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from workloads.subject import bare, fast, photographs, trainable

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch

    Classify = Callable[[np.ndarray], np.ndarray]
    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("lime",)
ROWS, TARGET = 1000, 7


def cut(image: torch.Tensor) -> torch.Tensor:
    """About 100 superpixels."""
    from foodviz.methods.lime.superpixels import segment

    return segment(image, segments=160)


def seed() -> int:
    """What `foodviz lime` draws this photograph's samples with."""
    from foodviz.analysis import open_subject
    from foodviz.analysis.explanations import lime_seed
    from foodviz.data import open_dataset

    split = open_dataset().split("validation")
    digest = hashlib.sha256(split.read_bytes(split.spread(1)[0])).hexdigest()
    return lime_seed(open_subject(), digest)


def tutorial() -> Classify:
    """The package's PyTorch tutorial: pictures turned one by one and stacked, graph kept, probabilities."""
    import torch

    model = trainable()

    def classify(pictures: np.ndarray) -> np.ndarray:
        batch = torch.stack([torch.from_numpy(each).permute(2, 0, 1).float().contiguous() for each in pictures])
        return model(batch).softmax(1).detach().numpy()

    return classify


def course() -> Classify:
    """The homework: one permuted batch, which happens to have its channels last; no graph, as a careful user has it."""
    import torch

    model = bare()

    @torch.inference_mode()
    def classify(pictures: np.ndarray) -> np.ndarray:
        return model(torch.from_numpy(pictures).float().permute(0, 3, 1, 2)).numpy()

    return classify


def lime() -> Contestants:
    """LIME with its segmentation, one image, about 100 superpixels, 1000 samples where not said otherwise"""

    def ours(*, rows: int | None = ROWS, rough: bool = False) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            from foodviz.methods.lime.lime import explain

            model, image, drawn_with = fast(), photographs(1)[0], seed()
            model = model.bfloat16() if rough else model
            design = "balanced" if rows is None else "random"
            return lambda: explain(model, image, cut(image), [TARGET], samples=rows, design=design, seed=drawn_with)

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

    def package(classifier: Callable[[], Classify], batch_size: int) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            from lime.lime_image import LimeImageExplainer

            classify, image = classifier(), photographs(1)[0]
            pixels = image.permute(1, 2, 0).double().numpy()
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
        "lime as its tutorial has it, batch size 10": package(tutorial, 10),
        "lime as its tutorial has it, batch size 64": package(tutorial, 64),
        "lime as the course has it, batch size 10": package(course, 10),
        "lime as the course has it, batch size 64": package(course, 64),
        "foodviz, default": ours(rows=None),
        "foodviz, random rows, bfloat16": ours(rough=True),
    }
