"""A network together with what it expects of its pixels."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from foodviz.cache import file_digest


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
        facts: what is known of it (architecture, form of the file, guesses, recipe); goes into every manifest.
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
        facts: dict[str, object] | None = None,
        file: Path | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.class_names = tuple(class_names)
        self.input_size = input_size
        self.bgr = bgr
        self.facts = dict(facts or {})
        self.file = file
        self.register_buffer("mean", torch.tensor(tuple(mean)).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(tuple(std)).view(1, 3, 1, 1))
        self.channels_last = False  # set where the weights are in that order
        self.plain = not bgr and not self.mean.any() and bool((self.std == 1).all())
        self.eval().requires_grad_(False)

    @cached_property
    def sha256(self) -> str:
        """Of the checkpoint, hex; worked out when it is first asked for, as that takes longer than opening the file."""
        return file_digest(self.file) if self.file else ""

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB in [0, 1] -> logits (N, C)."""
        return self.network(self.normalised(images))  # type: ignore[no-any-return]

    def normalised(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB in [0, 1], as the network was trained on them."""
        images = images.flip(1) if self.bgr else images
        if not self.plain:
            images = torch.addcmul(-self.mean / self.std, images, 1 / self.std)  # one pass over the pixels, not two
        return images.contiguous(memory_format=torch.channels_last) if self.channels_last else images
