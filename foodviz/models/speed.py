"""The same answers from less work: norms folded, ReLUs behind their pools, weights in channels-last order.

Folding takes a BatchNorm's running statistics into the weights of the convolution before it (Jacob et al. 2018,
"Quantization and Training of Neural Networks", arXiv:1712.05877, section 3.2). In the norm's stead stands an Identity,
so indices and dotted names stay, and that module still outputs what the norm did.

A ReLU and the maximum pool behind it change places: the values are the same, and there are fewer of them behind a pool
with a stride.
"""

import copy
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.overrides import TorchFunctionMode

from foodviz.models.classifier import Classifier
from foodviz.models.layers import Layer

Pairs = list[tuple[str, str]]  # dotted names of a layer and of the next


@torch.inference_mode(False)
@torch.no_grad()
def fast(classifier: Classifier, keep: Layer | Sequence[Layer] | None = None) -> Classifier:
    """A classifier with the same logits, to about 1e-5 relative, for less work; the one given is not changed.

    Args:
        classifier: shares with the new one every weight that is the same in both.
        keep: the layer, or layers, whose own output will be looked at: `keep.of(result)` answers what it did. Another
            convolution may answer what its norm did, another ReLU what the pool behind it would do without it.
    """
    layers = [keep] if isinstance(keep, Layer) else keep or []
    quick = _copy(classifier)
    if quick.network is classifier.network:
        return quick
    before, pairs = _handed_over(quick)
    pairs = [pair for pair in pairs if not _between(*pair, [layer.name for layer in layers])]
    undo = _fold(quick, pairs)
    after = quick(_probe(quick))
    finite = bool(before.isfinite().all())  # answers of weights that are too large are no numbers, and nothing is close
    if not finite or not torch.allclose(after, before, rtol=1e-3, atol=1e-3 * float(before.abs().max())):
        for owner, slot, value in undo:  # the forward itself reads a convolution's weights, too
            setattr(owner, slot, value)
    _swap(quick, pairs)
    quick.requires_grad_(False)
    return _reordered(quick)


@torch.inference_mode(False)
@torch.no_grad()
def channels_last(classifier: Classifier) -> Classifier:
    """A classifier whose weights are reordered and nothing else, for where the norms themselves are looked at."""
    quick = _copy(classifier)
    return quick if quick.network is classifier.network else _reordered(quick)


def _reordered(quick: Classifier) -> Classifier:
    quick.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    quick.channels_last = True
    return quick


def _copy(classifier: Classifier) -> Classifier:
    """The same modules again, over the same numbers: each parameter and buffer a new tensor of the old memory.

    What is not the network's structure is not copied: a user's hooks are the same, and so is `origin`. A network of the
    user's own that cannot be copied (it holds an open file, say) is shared whole.
    """
    if not classifier.file:
        _ = classifier.identity  # of the weights as they are: the copy takes it along
    same: dict[int, Any] = {id(classifier.origin): classifier.origin}
    for module in classifier.modules():
        for value in (*module._parameters.values(), *module._buffers.values(), *vars(module).values()):
            if isinstance(value, nn.Parameter):
                same[id(value)] = nn.Parameter(value.detach(), requires_grad=False)
            elif isinstance(value, Tensor):
                same[id(value)] = value.detach()
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            same |= {id(hook): hook for hook in hooks.values()}
    try:
        return copy.deepcopy(classifier, dict(same))
    except Exception:  # of any kind: what a user's attributes say to being copied
        return copy.deepcopy(classifier, same | {id(classifier.network): classifier.network})


def _fold(classifier: Classifier, pairs: Pairs) -> list[tuple[nn.Module, str, object]]:
    """Take every norm behind a convolution into it; returns the attributes of modules as they were."""
    undo: list[tuple[nn.Module, str, object]] = []
    for first, second in pairs:
        convolution, norm = (classifier.network.get_submodule(name) for name in (first, second))
        if not (isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)):
            continue
        if norm.running_mean is None or norm.running_var is None:
            continue
        owner, slot = _slot(classifier, second)
        undo += [
            (convolution, "weight", convolution.weight),
            (convolution, "bias", convolution.bias),
            (owner, slot, norm),
        ]
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        setattr(owner, slot, nn.Identity())
    return undo


def _swap(classifier: Classifier, pairs: Pairs) -> None:
    """Let every ReLU before a maximum pool with a stride run behind it."""
    for first, second in pairs:
        relu, pool = (classifier.network.get_submodule(name) for name in (first, second))
        if not (isinstance(relu, nn.ReLU) and isinstance(pool, nn.MaxPool2d)):
            continue
        if pool.stride not in (1, (1, 1)) and not pool.return_indices:
            setattr(*_slot(classifier, first), pool)
            setattr(*_slot(classifier, second), relu)


def _between(first: str, second: str, keep: Collection[str]) -> bool:
    """Whether what goes from the first layer to the second is the output of a layer to keep, itself or around it."""
    return any(f"{first}.".startswith(f"{name}.") and not f"{second}.".startswith(f"{name}.") for name in keep)


def _slot(classifier: Classifier, name: str) -> tuple[nn.Module, str]:
    """The module that holds the layer of that dotted name, and the name it has there."""
    parent, _, slot = name.rpartition(".")
    return classifier.network.get_submodule(parent), slot


def _handed_over(classifier: Classifier) -> tuple[Tensor, Pairs]:
    """The probe's logits, and the pairs of layers of which the second alone reads the output of the first.

    Each of the two runs once and has one name.
    """
    ran: list[tuple[nn.Module, object, set[nn.Module | None]]] = []  # module, output and who read that afterwards
    pairs: list[tuple[nn.Module, nn.Module, set[nn.Module | None]]] = []
    readers = _Readers()

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        readers.now = module
        if ran and any(ran[-1][1] is each for each in inputs):
            pairs.append((ran[-1][0], module, ran[-1][2]))

    def after(module: nn.Module, _inputs: tuple[Tensor, ...], output: object) -> None:
        readers.now = None
        readers.of[id(output)] = set()  # what was read before an in-place change stays with the output before
        ran.append((module, output, readers.of[id(output)]))

    leaves = [module for module in classifier.network.modules() if not list(module.children())]
    handles = [leaf.register_forward_pre_hook(before) for leaf in leaves]
    handles += [leaf.register_forward_hook(after) for leaf in leaves]
    try:
        with readers:
            logits = classifier(_probe(classifier))
    finally:
        for handle in handles:
            handle.remove()
    named = list(classifier.network.named_modules(remove_duplicate=False))
    names = {module: name for name, module in named}
    runs, names_of = Counter(module for module, _, _ in ran), Counter(module for _, module in named)
    return logits, [
        (names[first], names[second])
        for first, second, read_by in pairs
        if read_by == {second} and all(count[each] == 1 for count in (runs, names_of) for each in (first, second))
    ]


class _Readers(TorchFunctionMode):
    """Which layer read which tensor, None for the forward between the layers; by the tensors' ids."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[int, set[nn.Module | None]] = {}
        self.now: nn.Module | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for value in (*args, *(kwargs or {}).values()):
            for each in value if isinstance(value, list | tuple) else (value,):
                self.of.setdefault(id(each), set()).add(self.now)
        return func(*args, **(kwargs or {}))


def _probe(classifier: Classifier) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, *classifier.input_size, generator=generator).to(classifier.mean.device)
