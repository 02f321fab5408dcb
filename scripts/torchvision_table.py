#!/usr/bin/env python3
"""Does every command answer rightly for every family of torchvision's classifiers, from a bare state dict?

    python scripts/torchvision_table.py [NAME ...] [--size 64]

Each net has random weights, norms that have seen noise, and seven classes. It is saved as a plain `state_dict`; nothing
else is said of it. What a command gives is compared with the net itself: logits, gradients, maps of a layer, what is
climbed. A cell says `right`, or `refused` with the line below the table; anything else ends the script.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import foodviz
from foodviz import hooks, models
from foodviz.models.architectures import build
from foodviz.models.trial import takes

FAMILIES = (
    "alexnet",
    "vgg11_bn",
    "resnet18",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "densenet121",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mnasnet0_5",
    "efficientnet_b0",
    "convnext_tiny",
    "regnet_y_400mf",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "googlenet",
    "inception_v3",
    "vit_b_32",
    "swin_t",
    "swin_v2_t",
    "maxvit_t",
)
CLASSES = 7


class Bench:
    """One net, and the subject that foodviz makes of its file."""

    def __init__(self, name: str, folder: Path, size: int) -> None:
        torch.manual_seed(0)
        self.name = f"torchvision:{name}"
        self.net = alive(build(self.name, CLASSES)).eval().requires_grad_(False)
        file = folder / f"{name}.pth"
        torch.save(self.net.state_dict(), file)
        taken = size if takes(self.net, (size, size)) else None
        self.subject = foodviz.open_subject(model=str(file), input_size=taken, say=lambda _: None)

    def images(self, result: foodviz.Result) -> Tensor:
        return torch.from_numpy(result.arrays["images"])

    def layer(self, result: foodviz.Result) -> nn.Module:
        """The net's own module of the layer that the result names."""
        return self.net.get_submodule(
            str(result.facts.get("layer") or result.facts["climbed"]).split(" = ")[1].split()[0]
        )


def alive(net: nn.Module) -> nn.Module:
    """The same with norms that have seen a little noise, and no weight at 0.

    As they are made, deep nets answer 1e-15 to every picture, and torchvision's ViT nothing at all.
    """
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain mean
    side = 96 if takes(net, (96, 96)) else 224
    if any(isinstance(module, nn.BatchNorm2d) for module in net.modules()):
        with torch.no_grad():
            net.train()(torch.rand(4, 3, side, side))
    for parameter in net.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    return net


def inspect(bench: Bench) -> None:
    facts = foodviz.inspect(bench.subject).facts
    same = {name: each.shape for name, each in build(facts["architecture"], CLASSES).state_dict().items()}
    assert same == {name: each.shape for name, each in bench.net.state_dict().items()}, facts["architecture"]
    assert len(facts["classes"]) == CLASSES
    assert facts["parameters"] == sum(each.numel() for each in bench.net.parameters())


def layers(bench: Bench) -> None:
    rows = foodviz.layers(bench.subject, ids=[57]).facts["layers"]
    shapes: dict[str, list[tuple[int, ...]]] = {}

    def look(name: str, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            shapes.setdefault(name, []).append(tuple(output.shape[1:]))

    leaves = {name: each for name, each in bench.net.named_modules() if not list(each.children())}
    with hooks.watching(leaves, look), torch.inference_mode():
        bench.net(torch.zeros(1, 3, *bench.subject.classifier.input_size))
    for name, uses in shapes.items():
        ours = [row for row in rows if row["name"] == name]
        assert len(ours) == (len(uses) if len(set(uses)) > 1 else 1), name
        assert [row["channels"] for row in ours] == [shape[0] for shape in uses[: len(ours)]], name


def gradient(bench: Bench) -> None:
    result = foodviz.saliency(bench.subject, ids=[57], trust="none", target="3")
    images = bench.images(result).requires_grad_()
    logits = bench.net(images)
    close(torch.from_numpy(result.arrays["logits"]), logits)
    (own,) = torch.autograd.grad(logits[:, 3].sum(), images)
    close(torch.from_numpy(result.arrays["maps"]), own.abs().amax(1))


def gradcam(bench: Bench) -> None:
    result = foodviz.saliency(bench.subject, ids=[57], trust="none", target="3", method=["gradcam"])
    maps = torch.from_numpy(result.arrays["maps"])
    height, width = maps.shape[1:]
    layer = str(result.facts["layer"])
    rows, columns = (int(side) for side in layer.split(", ")[2].split()[0].split("x"))
    with hooks.detached(bench.layer(result)) as leaves:
        score = bench.net(bench.images(result))[:, 3].sum()
        (gradients,) = torch.autograd.grad(score, leaves)
    values = [each.detach() for each in (leaves[0], gradients)]
    if values[0].ndim == 3:  # a row of tokens, the class's first
        values = [each[:, -rows * columns :].unflatten(1, (rows, columns)) for each in values]
    if values[0].shape[1:3] == (rows, columns) and values[0].shape[2:] != (rows, columns):  # channels last
        values = [each.permute(0, 3, 1, 2) for each in values]
    cells = (values[1].mean((2, 3), keepdim=True) * values[0]).sum(1, keepdim=True).relu()
    close(maps, nn.functional.interpolate(cells, (height, width), mode="bilinear")[:, 0])


def activations(bench: Bench) -> None:
    result = foodviz.activations(bench.subject, ids=[57], filters=[0, 1])
    with hooks.capture(bench.layer(result)) as outputs, torch.inference_mode():
        bench.net(bench.images(result))
    close(torch.from_numpy(result.arrays["maps"]), outputs[0][:, :2])


def filters(bench: Bench) -> None:
    result = foodviz.filters(
        bench.subject, filters=[0], only="picture", recipe="pixel", start="grey", steps=4, scan="4", ids=[57]
    )
    grey = torch.full((1, 3, *bench.subject.classifier.input_size), 0.5)
    close(torch.from_numpy(result.arrays["curve"])[0], mean_of_first(bench, result, grey))


def lime(bench: Bench) -> None:
    result = foodviz.lime(bench.subject, ids=[57], samples="40", segments=12, trust="none", target=["3"])
    own = bench.net(torch.from_numpy(result.arrays["image_57"])[None]).softmax(1).max()
    close(torch.tensor(result.facts["pictures"][0]["probability"]), own)
    weights = torch.from_numpy(result.arrays["weights_57"])
    assert weights.isfinite().all()
    assert weights.abs().max() > 0


def dream(bench: Bench) -> None:
    result = foodviz.dream(bench.subject, ids=[57], filters=["0"], steps=4, every=4)
    photograph = torch.from_numpy(result.arrays["photograph"]).permute(2, 0, 1) / 255
    climbed = torch.stack([photograph, torch.from_numpy(result.arrays["final"])])
    close(torch.from_numpy(result.arrays["objectives"]).float(), mean_of_first(bench, result, climbed))


def mean_of_first(bench: Bench, result: foodviz.Result, images: Tensor) -> Tensor:
    """(N,) mean of the first channel of the net's own layer that the result names."""
    with hooks.capture(bench.layer(result)) as outputs, torch.inference_mode():
        bench.net(images)
    return outputs[0][:, 0].flatten(1).mean(1)


def close(ours: Tensor, own: Tensor) -> None:
    """Equal up to rounding, which may turn a few ReLUs: as a share of the whole."""
    assert ours.shape == own.shape, (ours.shape, own.shape)
    off, whole = float((ours - own).detach().norm()), float(own.detach().norm())
    assert off <= 0.03 * whole, f"{off} of {whole}"


COMMANDS: dict[str, Callable[[Bench], None]] = {
    "`inspect`": inspect,
    "`layers`": layers,
    "`saliency`": gradient,
    "`--method gradcam`": gradcam,
    "`activations`": activations,
    "`filters`": filters,
    "`lime`": lime,
    "`dream`": dream,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=FAMILIES)
    parser.add_argument("--size", type=int, default=64, help="of the pictures; the usual one of nets that refuse it")
    options = parser.parse_args()
    refusals: dict[str, int] = {}
    print("| net | layer of the maps | " + " | ".join(COMMANDS) + " |\n|---|---|" + "---|" * len(COMMANDS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            bench = Bench(name, Path(folder), options.size)
            cells = [name, models.last_maps(bench.subject.classifier).name]
            for command, check in COMMANDS.items():
                try:
                    check(bench)
                except foodviz.InputError as reason:
                    cells.append(f"refused ({refusals.setdefault(str(reason), len(refusals) + 1)})")
                except Exception as fault:
                    raise RuntimeError(f"{command} of {name} is wrong") from fault
                else:
                    cells.append("right")
            print("| " + " | ".join(cells) + " |", flush=True)
    for line, number in refusals.items():
        print(f"\n({number}) {line}")


if __name__ == "__main__":
    main()
