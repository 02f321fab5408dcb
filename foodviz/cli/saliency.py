"""`foodviz saliency`: which pixels an answer depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.options import GreedyCommand, option, shared_options

if TYPE_CHECKING:
    import torch

    from foodviz.cli.run import Run

TITLES = {
    "gradient": "Gradient",
    "smoothgrad": "SmoothGrad",
    "integrated-gradients": "Integrated gradients",
    "gradcam": "Grad-CAM",
}
NOTES = {
    "gradient": "A large value: the score would change most were this pixel changed a little.",
    "smoothgrad": "Gradients of noisy copies, averaged: less grain than one gradient.",
    "integrated-gradients": "What each pixel adds to the score on the way from a black picture to this one.",
    "gradcam": "Regions of the layer's maps that speak for the class; coarser than the other methods.",
}


@click.command(cls=GreedyCommand)
@shared_options
@option("--method", type=click.Choice(list(NOTES)), default="gradient", help="How to attribute.")
@option("--target", default="label", help="Class to explain: label, predicted, or a class name or number.")
@option("--objective", type=click.Choice(["logit", "probability", "loss"]), default="logit", help="Score explained.")
@option("--reduce", type=click.Choice(["max", "sum", "none"]), help="Over the colours.  [default: max; sum for paths]")
@option("--samples", type=click.IntRange(min=1), default=25, help="smoothgrad: noisy copies.")
@option("--noise", type=click.FloatRange(0), default=0.15, help="smoothgrad: deviation as a share of the pixel range.")
@option("--steps", type=click.IntRange(min=1), default=64, help="integrated-gradients: points on the path.")
@option("--layer", help="gradcam: index or dotted name.  [default: the last maps]")
@option("--shared-scale", is_flag=True, help="One colour scale for all maps instead of one each.")
def saliency(method: str, target: str, reduce: str | None, shared_scale: bool, **flags: Any) -> None:
    """Which pixels the answer depends on.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784.
    """
    from foodviz.cli.run import Run

    own = {key: flags.pop(key) for key in ("objective", "samples", "noise", "steps", "layer")}
    run = Run("saliency", **flags)
    run.check()

    from foodviz.render.saliency import saliency_figure

    maps, facts = _attribute(run, method, target, reduce or ("sum" if method == "integrated-gradients" else "max"), own)
    names = run.classifier.class_names
    targets = [names[index] for index in run.targets(target).tolist()]
    values = maps.cpu().numpy()
    unit = {"gradcam": "{} per cell", "integrated-gradients": "{}"}.get(method, "{} per unit of pixel intensity")
    unit = unit.format(own["objective"])
    peaks = [abs(each).max() for each in values]
    figure = saliency_figure(
        run.batch.images.cpu().numpy(),
        values,
        [picture.caption for picture in run.pictures],
        [f"for {name}, max {peak:.2g}" for name, peak in zip(targets, peaks, strict=True)],
        title=f"{TITLES[method]} of the {own['objective']}",
        unit=unit,
        shared_scale=shared_scale,
        notes=[
            " ".join([NOTES[method], *facts.pop("remarks")]),
            f"Maps in {unit}; " + ("one scale for all." if shared_scale else "each scaled to its own maximum."),
            run.trained_on,
        ],
    )
    facts |= {"method": method, "unit": unit, "targets": targets, "maxima": [float(peak) for peak in peaks]}
    arrays = {"maps": values, "images": run.batch.images.cpu().numpy(), "logits": run.logits.cpu().numpy()}
    run.save({"": figure}, arrays, facts)


def _attribute(
    run: Run, method: str, target: str, reduce: str, own: dict[str, Any]
) -> tuple[torch.Tensor, dict[str, Any]]:
    """The maps, (N, H, W) or (N, 3, H, W), and what is to be said of them."""
    from foodviz import models
    from foodviz.methods import gradcam, saliency

    layer = None
    if method == "gradcam":
        layer = models.resolve(run.classifier, own["layer"]) if own["layer"] else models.last_maps(run.classifier)
    model = run.__dict__["classifier"] = models.fast(run.classifier, layer)
    targets = run.targets(target)
    images, score = run.batch.images, getattr(saliency, own["objective"])
    facts: dict[str, Any] = {"remarks": []}
    if layer:
        run.say(str(layer))
        facts["layer"] = str(layer)
        facts["remarks"].append(f"{layer}.")
        maps = gradcam.gradcam(model, model.network.get_submodule(layer.name), images, targets, score=score)
        return gradcam.enlarge(maps, model.input_size), facts
    if method == "smoothgrad":
        seeds = [run.image_seed(digest) for digest in run.batch.digests]
        signed = saliency.smoothgrad(
            model, images, targets, seeds=seeds, samples=own["samples"], noise=own["noise"], score=score
        )
    elif method == "integrated-gradients":
        signed, gaps = saliency.integrated_gradients(model, images, targets, steps=own["steps"], score=score)
        facts["completeness_gap"] = gaps.tolist()
        facts["remarks"].append(f"The sums miss the rise of the score by at most {float(gaps.max()):.1%}.")
    else:
        signed = saliency.input_gradient(model, images, targets, score=score)
    return saliency.reduce_colours(signed, reduce), facts
