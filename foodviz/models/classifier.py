"""A network together with what it expects of its pixels."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from foodviz.cache import file_digest
from foodviz.models.answers import Answers
from foodviz.models.origin import Origin
from foodviz.models.preprocessing import RESIZES, Preprocessing, normalisation

# Part of every classifier's identity: raised when the same file would answer otherwise than it did.
_VERSION = "1"
_LUMINANCE = (0.299, 0.587, 0.114)  # as Pillow and OpenCV turn pictures grey


class Classifier(nn.Module):
    """Pixels in [0, 1] -> logits; evaluation mode, parameters frozen.

    The first step of the forward turns RGB in [0, 1] into what the network was trained on, so that everything outside
    speaks of one space.

    Args:
        network: images as it was trained on them, (N, 3, H, W) -> logits (N, C). Layer names refer to it.
        class_names: C names, in the order of the logits.
        input_size: (height, width) in pixels that pictures are resized to.
        mean, std: per channel in the network's order, for values in [0, 1]; 0 and 1 where nothing was normalised.
        bgr: whether the network was trained on blue, green, red.
        resize: how pictures are brought to that size, one of `preprocessing.RESIZES`.
        origin: what is known of it besides.
        answers: how the logits lie in what the network gives; None where it gives nothing else.
        file: the checkpoint that the weights are from.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        class_names: Sequence[str],
        input_size: tuple[int, int] = (128, 128),
        *,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
        bgr: bool = False,
        resize: str = RESIZES[0],
        origin: Origin | None = None,
        answers: Answers | None = None,
        file: Path | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.class_names = tuple(class_names)
        self.input_size = input_size
        self.bgr = bgr
        self.origin = origin or Origin()
        self.answers = answers or Answers()
        self.file = file
        name, figures = normalisation(mean, std)
        self.preprocessing = Preprocessing("bgr" if bgr else "rgb", name, resize, input_size, figures)
        for name, values in (("mean", mean), ("std", std)):
            figure = torch.tensor(tuple(values)).view(1, 3, 1, 1)
            self.register_buffer(name, figure.mean(1, keepdim=True) if self.answers.grey else figure)
        self.channels_last = False  # set where the weights are in that order
        self.plain = not bgr and not self.mean.any() and bool((self.std == 1).all())
        self.eval().requires_grad_(False)

    @cached_property
    def sha256(self) -> str:
        """Of the checkpoint, hex; worked out when it is first asked for, as that takes longer than opening the file."""
        return file_digest(self.file) if self.file else ""

    @cached_property
    def identity(self) -> str:
        """SHA-256, hex, of all that its logits depend on: what is kept between runs is kept under this.

        The weights' file and which of them, the architecture (and the user's source file where that is one), classes
        and preprocessing.
        Of a classifier without a file the modules and the weights themselves.
        """
        known = [_VERSION, self.origin.form, self.origin.architecture, repr(self.class_names), repr(self.input_size)]
        known += [repr(each.flatten().tolist()) for each in (self.mean, self.std)]
        known += [str(self.bgr), str(self.preprocessing.resize), self.sha256 or _digest(self.network)]
        if not self.answers.plain:
            known.append(repr(replace(self.answers, random=0.0)))
        known += [file_digest(source) for source in sources(self.origin.architecture)]
        return hashlib.sha256("\0".join(known).encode()).hexdigest()

    def facts(self) -> dict[str, object]:
        """What manifests say of it, as JSON has it."""
        return {
            **self.origin.facts(),
            "answers": self.answers.kind,
            "remarks": list(self.remarks),
            "pixels": str(self.preprocessing),
            "resize": self.preprocessing.resize,
        }

    @property
    def remarks(self) -> tuple[str, ...]:
        """What every figure made with it says, one sentence each: doubts about how it is read, and odd answers."""
        return (*self.origin.doubts, *self.answers.remarks)

    @property
    def independent(self) -> bool:
        """Whether each class has a probability of its own, the sigmoid of its logit; else softmax shares them out."""
        return self.answers.independent

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB in [0, 1] -> logits (N, C)."""
        output = self.network(self.normalised(images))
        return output if self.answers.plain else self.answers.logits(output, len(images))

    def normalised(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB in [0, 1], as the network was trained on them."""
        if self.answers.grey:
            images = (images * images.new_tensor(_LUMINANCE).view(1, 3, 1, 1)).sum(1, keepdim=True)
        elif self.bgr:
            images = images.flip(1)
        if not self.plain:
            images = torch.addcmul(-self.mean / self.std, images, 1 / self.std)  # one pass over the pixels, not two
        return images.contiguous(memory_format=torch.channels_last) if self.channels_last else images


def sources(architecture: str) -> list[Path]:
    """The user's file that an architecture `path/to/net.py:Net` or `package.module:Net` is from."""
    module = architecture.rpartition(":")[0]
    file = module if module.endswith(".py") else getattr(sys.modules.get(module), "__file__", None)
    return [Path(file)] if file and module != "torchvision" and Path(file).is_file() else []


def _digest(network: nn.Module) -> str:
    """SHA-256, hex, of a network's modules and weights."""
    digest = hashlib.sha256(repr(network).encode())
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
