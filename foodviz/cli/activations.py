"""`foodviz activations`: what filters answer to photographs."""

from __future__ import annotations

from typing import Any

import click

from foodviz.cli.options import GreedyCommand, option, shared_options

REPORT_FILTERS = (7, 16, 25, 36, 49)  # of layer 15, in the report


@click.command(cls=GreedyCommand)
@shared_options
@option("--layer", default="15", help="Index or dotted name.")
@option("--filters", type=click.IntRange(min=0), multiple=True, help="Which.  [default: 7 16 25 36 49]")
@option("--overlay", is_flag=True, help="Lay the maps over the photographs.")
def activations(layer: str, filters: tuple[int, ...], overlay: bool, **flags: Any) -> None:
    """What filters answer to photographs: their feature maps, raw.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784.
    """
    from foodviz.cli.run import Run

    run = Run("activations", **flags)
    run.check()

    import torch

    from foodviz import models
    from foodviz.methods.feature_maps import feature_maps
    from foodviz.models import check_channels, layer_with_maps
    from foodviz.render.activations import activations_figure

    place = layer_with_maps(run.classifier, layer)
    if not filters:
        last = place.channels - 1
        filters = REPORT_FILTERS if max(REPORT_FILTERS) <= last else tuple(sorted({last * i // 4 for i in range(5)}))
    check_channels(place, filters, "filters")
    run.say(str(place))
    run.__dict__["classifier"] = models.fast(run.classifier, place)
    module = place.of(run.classifier).module
    channels = torch.tensor(filters)
    parts = [feature_maps(run.classifier, module, some, channels) for some in torch.split(run.batch.images, 16)]
    maps, images = torch.cat(parts).cpu().numpy(), run.batch.images.cpu().numpy()
    signed = bool((maps < 0).any())
    scale = "blue below 0, red above, symmetric" if signed else "no negative values"
    figure = activations_figure(
        images,
        maps,
        [picture.caption for picture in run.pictures],
        filters,
        title=f"feature maps of layer {layer}",
        overlay=overlay,
        notes=[f"{place}. Raw values, one scale a filter: {scale}.", run.trained_on],
    )
    facts = {
        "layer": str(place),
        "layer_name": place.name,
        "filters": list(filters),
        "signed": signed,
        "maxima": {number: maps[:, row].max((1, 2)).tolist() for row, number in enumerate(filters)},
    }
    arrays = {"maps": maps, "filters": channels.numpy(), "images": images, "logits": run.logits.cpu().numpy()}
    run.save({"": figure}, arrays, facts)
