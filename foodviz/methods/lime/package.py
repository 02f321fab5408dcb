"""The lime package itself: its explanation as a reference for `lime`, and `lime`'s explanation in its form."""

import contextlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.hooks import evaluating
from foodviz.methods.hidden import painted_over
from foodviz.methods.lime.lime import MOST, Explanation, fitted
from foodviz.probabilities import probabilities

if TYPE_CHECKING:
    from lime.lime_image import ImageExplanation


def explain_with_lime(
    model: nn.Module,
    image: Tensor,
    segments: Tensor,
    targets: Sequence[int],
    *,
    hidden: Tensor | None = None,
    samples: int = MOST,
    output: str = "logits",
    kernel_width: float = 0.25,
    seed: int = 0,
    batch_size: int = 10,
) -> Explanation:
    """`LimeImageExplainer.explain_instance` on the rows that `lime.explain(design="random")` draws.

    Arguments as there; weights, intercepts and R^2 are the package's, the stability is foodviz's.
    """
    from lime.lime_image import LimeImageExplainer

    weight = next(model.parameters(), image)
    first: list[Tensor] = []

    @torch.inference_mode()
    def classify(pictures: np.ndarray) -> np.ndarray:
        logits = model(torch.from_numpy(pictures).to(weight).permute(0, 3, 1, 2)).double().cpu()
        first.extend(logits[: 1 - len(first)])
        scores: np.ndarray = (logits if output == "logits" else probabilities(model, logits)).numpy()
        return scores

    hidden = painted_over(image, segments) if hidden is None else hidden
    pixels, colours = (picture.detach().cpu().double().permute(1, 2, 0).numpy() for picture in (image, hidden))
    # with fewer than seven features lime would select forward instead of fitting them all
    explainer = LimeImageExplainer(kernel_width, feature_selection="none", random_state=seed)
    fit, calls = explainer.base.explain_instance_with_data, []

    def kept(rows: np.ndarray, labels: np.ndarray, *others: Any, **named: Any) -> Any:
        calls.append((rows, labels, fit(rows, labels, *others, **named)))
        return calls[-1][2]

    explainer.base.explain_instance_with_data = kept  # lime keeps one R^2 for all labels
    with evaluating(model), contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be switched off
        explainer.explain_instance(
            pixels,
            classify,
            labels=targets,
            hide_color=colours,
            top_labels=None,  # the five likeliest would override `labels`
            num_samples=samples,
            batch_size=batch_size,
            segmentation_fn=lambda _: segments.numpy(),
            random_seed=0,
        )
    rows, labels, _ = calls[0]
    explanation = fitted(
        segments,
        targets,
        first[0],
        torch.from_numpy(rows.astype(bool)),
        torch.from_numpy(labels[:, list(targets)]),
        kernel_width=kernel_width,
        group=1,
        seed=seed,
    )
    for row, (_, _, (intercept, weights, r2, _)) in enumerate(calls):
        explanation.intercepts[row], explanation.fits[row] = intercept, r2
        for superpixel, value in weights:
            explanation.weights[row, superpixel] = value
    return explanation


def image_explanation(image: Tensor, explanation: Explanation) -> "ImageExplanation":
    """The explanation as the lime package's own ImageExplanation, for code that was written for it.

    Args:
        image: (3, H, W), RGB in [0, 1].
        explanation: what `lime.explain` gave.

    Returns:
        With `intercept`, `local_exp` and `top_labels` for each target; `score` and `local_pred` are the last target's,
        as lime has it.
    """
    from lime.lime_image import ImageExplanation

    pixels = image.detach().cpu().double().permute(1, 2, 0).numpy()
    theirs = ImageExplanation(pixels, explanation.segments.numpy())
    theirs.top_labels = list(explanation.targets)
    for row, target in enumerate(explanation.targets):
        weights = explanation.weights[row].numpy()
        order = np.argsort(-np.abs(weights), kind="stable")
        theirs.intercept[target] = float(explanation.intercepts[row])
        theirs.local_exp[target] = [(int(index), float(weights[index])) for index in order]
        theirs.score = float(explanation.fits[row])
        theirs.local_pred = np.array([theirs.intercept[target] + weights.sum()])
    return theirs
