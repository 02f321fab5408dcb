"""Saliency beside captum, grad-cam and torchcam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.subject import bare, fast, image_seeds, photographs, trainable

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("gradient", "smoothgrad", "integrated", "gradcam")
MANY, FEW = 64, 8  # images; captum as documented takes the 25 or 32 passes of all in one batch: 64 images fill 24 GB
LAYER = "cnn.42"


def classes(count: int) -> torch.Tensor:
    """A target for each image."""
    import torch

    return torch.arange(count) % 11


def plain_gradient(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The gradient as ten lines of PyTorch have it, in chunks of 8."""
    import torch

    parts = []
    for some, goal in zip(images.split(8), targets.split(8), strict=True):
        pixels = some.clone().requires_grad_()
        score = model(pixels).gather(1, goal[:, None]).sum()
        parts.append(torch.autograd.grad(score, pixels)[0])
    return torch.cat(parts)


def gradient() -> Contestants:
    """gradient of the logit, 64 images, 128x128"""

    def ours() -> Callable[[], object]:
        from foodviz.methods.attribution.gradient import attribute

        model, images = fast(), photographs(MANY)
        return lambda: attribute(model, images, classes(MANY))

    def plain() -> Callable[[], object]:
        model, images = bare(), photographs(MANY)
        return lambda: plain_gradient(model, images, classes(MANY))

    def documented() -> Callable[[], object]:
        from captum.attr import Saliency

        attribution, images = Saliency(trainable()), photographs(MANY)
        return lambda: attribution.attribute(images.clone().requires_grad_(), target=classes(MANY))

    def tuned() -> Callable[[], object]:
        from captum.attr import Saliency

        attribution, images = Saliency(bare()), photographs(MANY)
        parts = list(zip(images.split(8), classes(MANY).split(8), strict=True))
        return lambda: [attribution.attribute(some.clone().requires_grad_(), target=goal) for some, goal in parts]

    return {"foodviz": ours, "bare": plain, "captum as documented": documented, "captum frozen, chunks of 8": tuned}


def smoothgrad() -> Contestants:
    """SmoothGrad, 25 samples, 8 images, 128x128"""

    def ours() -> Callable[[], object]:
        from foodviz.methods.attribution.smoothgrad import attribute

        model, images, seeds = fast(), photographs(FEW), image_seeds(FEW)
        return lambda: attribute(model, images, classes(FEW), seeds=seeds, samples=25)

    def plain() -> Callable[[], object]:
        import torch

        model, images = bare(), photographs(FEW)

        def run() -> object:
            copies = images.repeat_interleave(25, 0)
            copies = copies + 0.15 * torch.randn(copies.shape)
            gradients = plain_gradient(model, copies, classes(FEW).repeat_interleave(25))
            return gradients.view(FEW, 25, *images.shape[1:]).mean(1)

        return run

    def documented() -> Callable[[], object]:
        from captum.attr import NoiseTunnel, Saliency

        tunnel, images = NoiseTunnel(Saliency(trainable())), photographs(FEW)
        return lambda: tunnel.attribute(
            images.clone().requires_grad_(), nt_type="smoothgrad", nt_samples=25, stdevs=0.15, target=classes(FEW)
        )

    def tuned() -> Callable[[], object]:
        from captum.attr import NoiseTunnel, Saliency

        tunnel, images = NoiseTunnel(Saliency(bare())), photographs(FEW)
        return lambda: tunnel.attribute(
            images.clone().requires_grad_(),
            nt_type="smoothgrad",
            nt_samples=25,
            nt_samples_batch_size=1,
            stdevs=0.15,
            target=classes(FEW),
        )

    return {"foodviz": ours, "bare": plain, "captum as documented": documented, "captum frozen, chunks of 8": tuned}


def integrated() -> Contestants:
    """integrated gradients, 32 steps, 8 images, 128x128"""

    def ours() -> Callable[[], object]:
        from foodviz.methods.attribution.integrated_gradients import attribute

        model, images = fast(), photographs(FEW)
        return lambda: attribute(model, images, classes(FEW), steps=32)

    def plain() -> Callable[[], object]:
        import torch

        model, images = bare(), photographs(FEW)
        places = (torch.arange(32).view(-1, 1, 1, 1) + 0.5) / 32

        def run() -> object:
            path = (images[:, None] * places).flatten(0, 1)
            gradients = plain_gradient(model, path, classes(FEW).repeat_interleave(32))
            return images * gradients.view(FEW, 32, *images.shape[1:]).mean(1)

        return run

    def documented() -> Callable[[], object]:
        from captum.attr import IntegratedGradients

        attribution, images = IntegratedGradients(trainable()), photographs(FEW)
        return lambda: attribution.attribute(images, target=classes(FEW), n_steps=32)

    def tuned() -> Callable[[], object]:
        from captum.attr import IntegratedGradients

        attribution, images = IntegratedGradients(bare()), photographs(FEW)
        return lambda: attribution.attribute(images, target=classes(FEW), n_steps=32, internal_batch_size=8)

    return {"foodviz": ours, "bare": plain, "captum as documented": documented, "captum frozen, chunks of 8": tuned}


def gradcam() -> Contestants:
    """Grad-CAM at the last maps, 64 images, 128x128"""

    def ours() -> Callable[[], object]:
        from foodviz.methods.attribution.gradcam import attribute

        model, images = fast(LAYER), photographs(MANY)
        layer = model.network.get_submodule(LAYER)
        return lambda: attribute(model, images, classes(MANY), layer=layer)

    def plain() -> Callable[[], object]:
        import torch

        model, images = bare(), photographs(MANY)
        layer = model.network.get_submodule(LAYER)

        def run() -> object:
            maps = []
            for some, goal in zip(images.split(8), classes(MANY).split(8), strict=True):
                outputs: list[torch.Tensor] = []
                handle = layer.register_forward_hook(
                    lambda _m, _i, output, outputs=outputs: outputs.append(output.requires_grad_())
                )
                score = model(some).gather(1, goal[:, None]).sum()  # frozen: no graph before the layer
                handle.remove()
                (slopes,) = torch.autograd.grad(score, outputs[0])
                maps.append((slopes.mean((2, 3), keepdim=True) * outputs[0]).sum(1).relu().detach())
            return torch.cat(maps)

        return run

    def peer_gradcam() -> Callable[[], object]:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        model, images = trainable(), photographs(MANY)
        cam = GradCAM(model=model, target_layers=[model.network.get_submodule(LAYER)])
        goals = [ClassifierOutputTarget(int(goal)) for goal in classes(MANY)]
        return lambda: cam(input_tensor=images, targets=goals)

    def peer_torchcam() -> Callable[[], object]:
        from torchcam.methods import GradCAM

        model, images = trainable(), photographs(MANY)
        cam = GradCAM(model, model.network.get_submodule(LAYER))
        return lambda: cam(classes(MANY).tolist(), model(images))

    return {"foodviz": ours, "bare": plain, "torchcam": peer_torchcam, "grad-cam": peer_gradcam}
