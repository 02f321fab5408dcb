"""A known net's weights under other names: what follows the prefix, and the shapes, say which is which.

A wrapper puts its own names before a net's: `model.layer1.0.conv1.weight`, `backbone.features.0.weight`, and
`nn.Sequential(*net.children())` puts numbers in their place: `0.4.0.conv1.weight`. All of a net's trunk is found under
one prefix, every shape right, or nothing is. What then remains is the net's own head, a head in its stead, or what
only training needs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from foodviz.models.files.wrappers import plain_name

OPTIONAL = "num_batches_tracked"  # counts batches during training: half of all files leave it out
_FOR_TRAINING = re.compile(
    r"criterion|loss|metric|auroc|confmat|(^|_)(acc|accuracy|f1|aux\d?|ema)($|_)|^Aux", re.IGNORECASE
)

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Alignment:
    """Where a net's weights stand in a file.

    Attributes:
        names: the net's name -> the file's, for the trunk.
        head: path of the net's module that the remaining weights belong to.
        rest: the remaining weights, by their names in the file.
        own_head: whether these are the net's own head, names and shapes, whatever the number of classes.
        children: whether the file has the net's children by number: they run one after the other.
        prefix: what stood before the names.
        left: names of weights that only training needs.
    """

    names: dict[str, str]
    head: str
    rest: dict[str, Tensor]
    own_head: bool
    children: bool
    prefix: str
    left: tuple[str, ...]


def plain_names(weights: Weights) -> dict[str, Tensor]:
    """The weights without what training wrappers put into their names."""
    plain = {plain_name(name): each for name, each in weights.items()}
    return plain if len(plain) == len(weights) else dict(weights)


def for_training(name: str) -> bool:
    """Whether a weight belongs to a loss, a metric or an auxiliary classifier, by its name."""
    return any(_FOR_TRAINING.search(part) for part in name.split(".")[:-1][:3])


def without_prefix(weights: Weights) -> tuple[dict[str, Tensor], str]:
    """The weights of a net of one's own without what every name begins with, where names remain that are no numbers."""
    kept = {name: each for name, each in plain_names(weights).items() if not for_training(name)}
    prefix = ""
    while kept:
        tops = {name.partition(".")[0] for name in kept}
        rests = [name.partition(".")[2] for name in kept]
        if len(tops) > 1 or any("." not in rest or rest[0].isdecimal() for rest in rests):
            break
        prefix += f"{tops.pop()}."
        kept = dict(zip(rests, kept.values(), strict=True))
    return kept, prefix


def align(network: nn.Module, head_keys: list[str], weights: Weights) -> Alignment | None:
    """The weights as those of the network, its head replaced or not; None where they are of another net.

    Args:
        head_keys: the names whose shapes change with the number of classes.
    """
    expected = {name: tuple(each.shape) for name, each in network.state_dict().items() if not name.endswith(OPTIONAL)}
    deepest = head_keys[0].rpartition(".")[0]
    for head in dict.fromkeys((deepest, deepest.partition(".")[0])):
        trunk = {name: shape for name, shape in expected.items() if not name.startswith(f"{head}.")}
        for children, renamed in _renamings(network, trunk):
            first = next(iter(trunk))
            for prefix in _prefixes(renamed[first], trunk[first], weights):
                names = {name: prefix + other for name, other in renamed.items()}
                if all(names[name] in weights and tuple(weights[names[name]].shape) == trunk[name] for name in trunk):
                    own = {name: shape for name, shape in expected.items() if name not in trunk}
                    found = _remaining(names, own, head_keys, prefix, head, children, weights)
                    if found is not None:
                        return found
    return None


def _remaining(
    names: dict[str, str],
    own: dict[str, tuple[int, ...]],
    head_keys: list[str],
    prefix: str,
    head: str,
    children: bool,
    weights: Weights,
) -> Alignment | None:
    taken = set(names.values())
    rest = {name: each for name, each in weights.items() if name not in taken and not name.endswith(OPTIONAL)}
    left = tuple(name for name in rest if for_training(name))
    rest = {name: each for name, each in rest.items() if name not in left}
    theirs = {name.removeprefix(prefix): tuple(each.shape) for name, each in rest.items()}
    named_alike = not children and all(name.startswith(prefix) for name in rest) and theirs.keys() == own.keys()
    own_head = named_alike and all(
        shape[1:] == own[name][1:] and (shape == own[name] or name in head_keys) for name, shape in theirs.items()
    )
    if own_head:
        names = names | {name: prefix + name for name in own}
    return Alignment(names, head, rest, own_head, children, prefix, left) if rest else None


def _renamings(network: nn.Module, trunk: dict[str, tuple[int, ...]]) -> Iterator[tuple[bool, dict[str, str]]]:
    """The trunk's names as files may have them, and whether they are numbers of the net's children."""
    yield False, {name: name for name in trunk}
    tops = dict.fromkeys(name.partition(".")[0] for name in trunk)
    numbers = {name: str(index) for index, (name, _) in enumerate(network.named_children())}
    if set(tops) <= set(numbers):
        yield True, {name: ".".join([numbers[top := name.partition(".")[0]], name[len(top) + 1 :]]) for name in trunk}
    if len(tops) == 1:  # the one child alone, under another name or none
        (top,) = tops
        inner = {name: name[len(top) + 1 :] for name in trunk}
        yield False, inner
        order = {name: str(index) for index, (name, _) in enumerate(network.get_submodule(top).named_children())}
        split = {name: other.partition(".") for name, other in inner.items()}
        yield False, {name: f"{order.get(first, first)}.{rest}" for name, (first, _, rest) in split.items()}


def _prefixes(name: str, shape: tuple[int, ...], weights: Weights) -> list[str]:
    return [
        other.removesuffix(name)
        for other, each in weights.items()
        if (other == name or other.endswith(f".{name}")) and tuple(each.shape) == shape
    ]
