"""Which architecture a checkpoint is of where that is certain, and the network with its weights in it."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from foodviz.cache import cache_file, file_digest, load_json, save_json
from foodviz.errors import InputError
from foodviz.models import architectures
from foodviz.models.files.weights import Checkpoint
from foodviz.models.guess import match, pickled_modules, stack
from foodviz.models.guess.align import without_prefix
from foodviz.models.guess.modules import parts_of
from foodviz.models.guess.sizes import SIZES
from foodviz.models.origin import Declared
from foodviz.models.preprocessing import Size
from foodviz.models.trial import refusal, takes
from foodviz.printable import printable

_VERSION = "1"  # raised when the same weights would be recognised otherwise


def declarable(name: str) -> bool:
    """Whether a file or a manifest may name this architecture: one that is built without running anybody's code."""
    return stack.is_stack(name) or architectures.runs_no_code(name)


def stated_architecture(checkpoint: Checkpoint, declared: Declared) -> tuple[str, str] | None:
    """The architecture that the file itself states, and how it is known, in words."""
    name = declared.architecture
    if name is not None:
        if not declarable(name):  # a file must not get to choose which code of this machine runs
            raise InputError(f"it names code as its architecture; if you trust that, give `arch` {printable(name)}")
        return name, "said by the file"
    return ("pickled", "the pickled model itself, its code allowed") if checkpoint.own_code else None


def recognised_architecture(path: Path, checkpoint: Checkpoint) -> tuple[str, str] | None:
    """The same where its weights' names or its pickled modules leave no choice; remembered by the file's digest.

    It imports torchvision, 2 s, and looks through dozens of nets: what was once found, or not, is not looked for again.
    """
    memory = cache_file("recognised", _VERSION, file_digest(path), checkpoint.form, suffix=".json")
    known = load_json(memory)
    if known is None:
        known = _recognised(checkpoint)
        save_json(memory, known)
    return (known[0], known[1]) if known else None


def _recognised(checkpoint: Checkpoint) -> tuple[str, str] | tuple[()]:
    name = match.known_architecture(checkpoint.weights, checkpoint.beside)
    if name:
        return name, "names and shapes of the weights"
    if checkpoint.tree is not None and pickled_modules.runnable(checkpoint.tree) is not None:
        return "pickled", "the pickled modules, in the order they were made"
    return ()


def filled_network(checkpoint: Checkpoint, name: str, say: Callable[[str], None] = lambda _: None) -> nn.Module:
    """The architecture of that name with the checkpoint's weights.

    Args:
        say: takes a line on what was taken off, left out or assumed of them.
    """
    return plain_weights(_filled(checkpoint, name, say).eval())


def _filled(checkpoint: Checkpoint, name: str, say: Callable[[str], None]) -> nn.Module:
    weights = checkpoint.weights
    if name == "pickled" and checkpoint.own_code and checkpoint.tree is not None:
        return checkpoint.tree.float()
    if name == "pickled":
        tree = checkpoint.tree and pickled_modules.runnable(checkpoint.tree)
        if tree is None:
            raise InputError("holds no pickled model that foodviz can run; give another `arch`")
        return match.fill(lambda: tree, weights, "the pickled model")
    if stack.is_stack(name):
        weights = stackable(weights)
        return match.fill(lambda: stack.build_stack(weights, name)[0], weights, "the stack")
    if architectures.runs_no_code(name):
        network = match.known_network(name, weights, checkpoint.beside, say)
        if network is not None:
            return network
    classes = match.class_count(weights)
    if not classes and architectures.runs_no_code(name):
        raise InputError(f"nothing was loaded: the weights are not those of {name}: no layer of theirs answers classes")
    network = match.fill(lambda: match.hollow(name, classes), weights, name)
    if match.is_hollow(network):
        network = match.fill(lambda: architectures.build(name, classes), weights, name)
    return network


def stackable(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights under the names of a plain stack: without a wrapper's prefix and a loss's weights where these are in
    the way."""
    return weights if parts_of(weights) is not None else without_prefix(weights)[0]


def plain_weights(network: nn.Module) -> nn.Module:
    """The same network, eval mode, with weights as numbers where it made them anew in every forward.

    Weight and spectral norm, as hooks (`nn.utils.weight_norm`) and as parametrisations: their result is fixed in
    evaluation.
    """
    for module in network.modules():
        for name in list(getattr(module, "parametrizations", ())):
            parametrize.remove_parametrizations(module, name)
        for number, hook in list(module._forward_pre_hooks.items()):
            if isinstance(hook, WeightNorm | SpectralNorm):
                hook.remove(module)
                del module._forward_pre_hooks[number]
    return network


def usual_size(network: nn.Module, name: str) -> Size:
    """Height and width of the pictures: as written in a stack, else the first usual size that the network takes.

    Raises:
        InputError: it takes none.
    """
    if stack.is_stack(name):
        return stack.parse(name)[1]
    usual = 224 if architectures.from_zoo(name) else 128
    sizes = list(dict.fromkeys((usual, *SIZES)))
    size = next((size for size in sizes if takes(network, (size, size))), None)
    if size is None:
        reason = refusal(network, (usual, usual))
        other = "" if ".py:" in name else ", or give `arch` path/to/net.py:Class"
        raise InputError(f"takes pictures of none of {len(sizes)} usual sizes: {reason}{other}")
    return size, size
