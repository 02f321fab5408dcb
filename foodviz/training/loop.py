"""The training loop: one recipe, validation after each epoch, resumable to the bit, alone or under torchrun.

Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101 (AdamW); Smith and Topin 2018,
"Super-Convergence", arXiv:1708.07120 (one warm-up, then down to zero; here by a cosine); Szegedy et al. 2016,
arXiv:1512.00567, section 7 (label smoothing).
"""

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from foodviz.errors import InputError
from foodviz.training.augment import augment, with_noise

_COMPILERS = "TORCHINDUCTOR_CACHE_DIR"


@dataclass(frozen=True)
class PixelStore:
    """A split in memory: images (N, 3, H, W) uint8 RGB, labels (N,) int64."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes, apart from network and data."""

    epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adamw"
    lr: float = 3e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    augmentation: float = 1.0
    noise: float = 0.0
    start_size: float = 1.0
    precision: str = "float32"
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: mean training loss, accuracies in [0, 1]; training accuracy is on augmented pictures."""

    epoch: int
    loss: float
    training_accuracy: float
    validation_accuracy: float


def fit(
    classifier: nn.Module,
    training: PixelStore,
    validation: PixelStore,
    recipe: Recipe,
    *,
    state: dict[str, Any] | None = None,
    step: Callable[[int, int, float], None] = lambda *_: None,
) -> Iterator[tuple[Epoch, dict[str, Any]]]:
    """Train in place; after each epoch yields what it gave and the state to go on from.

    Args:
        classifier: images (N, 3, H, W) in [0, 1] -> logits; on the device to train on.
        state: what an earlier run yielded last; the rest goes as if it had not stopped.
        step: told the steps done in the epoch, the epoch's steps and the loss, after each step.

    Under torch.distributed each process takes its share of every batch and all yield the same figures.

    Raises:
        InputError: the state is of another recipe, or the loss is no longer a number.
    """
    rank, world = (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)
    device = next(classifier.parameters()).device
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format  # on the CPU 3 times slower
    classifier.to(memory_format=layout).requires_grad_(True)  # type: ignore[call-overload]
    optimizer = _optimizer(classifier, recipe)
    first = 0
    if state is not None:
        if state["recipe"] != asdict(recipe):
            changed = [key for key, value in asdict(recipe).items() if state["recipe"].get(key) != value]
            raise InputError(f"`resume`: the stopped training had another {', '.join(changed)}; give the same settings")
        try:
            classifier.load_state_dict(state["classifier"])
            optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError):
            raise InputError("`resume`: the stopped training was of another network; give the same settings") from None
        first = state["epoch"]
    trained: nn.Module = nn.parallel.DistributedDataParallel(classifier) if world > 1 else classifier
    steps = len(training.labels) // recipe.batch_size or 1
    for epoch in range(first, recipe.epochs):
        torch.manual_seed(recipe.seed * 100_003 + epoch * 1009 + rank)  # dropout
        order = torch.randperm(len(training.labels), generator=_generator(recipe, epoch, "cpu", 0))
        draws = _generator(recipe, epoch, device.type, 1 + rank)
        classifier.train()
        size = size_at(training.images.shape[-2:], recipe, epoch)
        sums = torch.zeros(3, device=device, dtype=torch.float64)
        for done in range(steps):
            mine = order[done * recipe.batch_size : (done + 1) * recipe.batch_size][rank::world]
            images = training.images[mine].to(device).float().div_(255)
            images = with_noise(augment(images, size, recipe.augmentation, draws), recipe.noise, draws)
            images = images.contiguous(memory_format=layout)
            labels = training.labels[mine].to(device)
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr * _schedule((epoch * steps + done) / (recipe.epochs * steps))
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                logits = trained(images)
            loss = functional.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(classifier.parameters(), 5.0)
            optimizer.step()
            right = (logits.argmax(1) == labels).sum()
            sums += torch.stack([loss.detach() * len(labels), right, torch.tensor(len(labels), device=device)])
            step(done + 1, steps, float(loss.detach()))
        if world > 1:
            distributed.all_reduce(sums)
        loss_sum, right_sum, seen = sums.tolist()
        if not math.isfinite(loss_sum) or not all(weights.isfinite().all() for weights in classifier.parameters()):
            raise InputError(f"the loss is no longer a number in epoch {epoch + 1}; lower `lr` (now {recipe.lr})")
        accuracy = evaluate(classifier, validation, recipe.precision)
        result = Epoch(epoch + 1, loss_sum / seen, right_sum / seen, accuracy)
        yield (
            result,
            {
                "recipe": asdict(recipe),
                "epoch": epoch + 1,
                "classifier": classifier.state_dict(),
                "optimizer": optimizer.state_dict(),
            },
        )


@torch.inference_mode()
def evaluate(classifier: nn.Module, pixels: PixelStore, precision: str = "float32") -> float:
    """Share of the pictures that the classifier names rightly; processes share the work and the answer."""
    rank, world = (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)
    device = next(classifier.parameters()).device
    classifier.eval()
    right = torch.zeros(1, device=device)
    for mine in torch.split(torch.arange(rank, len(pixels.labels), world), 128):
        images = pixels.images[mine].to(device).float().div_(255)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            right += (classifier(images).argmax(1) == pixels.labels[mine].to(device)).sum()
    if world > 1:
        distributed.all_reduce(right)
    return float(right) / len(pixels.labels)


def _import_compiler() -> None:
    """What the first step of any optimiser imports; it makes a folder for temporary files where none is named."""
    named = os.environ.get(_COMPILERS)
    os.environ.setdefault(_COMPILERS, tempfile.gettempdir())
    import torch._dynamo  # noqa: F401

    if named is None:
        os.environ.pop(_COMPILERS)


def _optimizer(classifier: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Weight decay is for weights: norms and biases go without."""
    _import_compiler()
    weights = [parameter for parameter in classifier.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in classifier.parameters() if parameter.ndim <= 1]
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=recipe.lr)


def _schedule(share: float, warm_up: float = 0.1) -> float:
    """The learning rate's factor at a share of the whole training: up in a line, down to zero by a cosine."""
    if share < warm_up:
        return share / warm_up + 0.01
    return 0.5 * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up)))


def size_at(full: Sequence[int], recipe: Recipe, epoch: int) -> tuple[int, int]:
    """(height, width) to train on: from `start_size` of the full size up to it by 70 % of the epochs.

    Small pictures first (Tan and Le 2021, "EfficientNetV2", arXiv:2104.00298, section 4) save a third of the time.
    """
    grown = min(1.0, epoch / (0.7 * recipe.epochs))
    share = recipe.start_size + (1 - recipe.start_size) * grown
    height, width = (side if share == 1 else max(32, round(side * share / 16) * 16) for side in full)
    return height, width


def _generator(recipe: Recipe, epoch: int, device: str, stream: int) -> torch.Generator:
    return torch.Generator(device).manual_seed((recipe.seed * 1_000_003 + epoch) * 64 + stream)
