"""What a network's forward gives, and how it becomes the logits that everything else is asked about.

Probabilities of one class in many become their logarithms, whose softmax they are; probabilities by a sigmoid, their
log odds. One output z for two classes becomes -z/2 and z/2, whose softmax is sigmoid(-z) and sigmoid(z).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from foodviz.errors import InputError
from foodviz.printable import printable

Kind = Literal["logits", "probabilities", "log-probabilities", "sigmoid"]
_SUM = 1e-3  # how far from 1 probabilities in half precision may add up
_TINY = 1e-7  # for the log odds of what float32 calls certain
_DEEPEST, _MOST = 3, 100  # of the structures that logits are looked for in


@dataclass(frozen=True)
class Answers:
    """How the logits of C classes lie in what a forward gives.

    Attributes:
        kind: what the network's own numbers are.
        path: keys, indices or attributes that lead to them; () where they are all that it gives.
        single: whether there is one number for two classes, the second one's.
        folded: whether the numbers of a picture lie in another shape than a row.
        grey: whether the network takes pictures of one channel.
        random: how far two passes over one picture differ, in the network's own numbers; 0 where they do not.
        container: what it gives, in words, where that is no tensor.
    """

    kind: Kind = "logits"
    path: tuple[str | int, ...] = ()
    single: bool = False
    folded: bool = False
    grey: bool = False
    random: float = 0.0
    container: str = ""

    @property
    def plain(self) -> bool:
        """Whether the forward gives (N, C) logits and nothing else."""
        return self.kind in ("logits", "log-probabilities") and not (self.path or self.single or self.folded)

    @property
    def independent(self) -> bool:
        """Whether each class has a probability of its own: a picture may show several, or none."""
        return self.kind == "sigmoid" and not self.single

    @property
    def logit(self) -> str:
        """What the logits are, in a word: of a network that answers probabilities they are made of these."""
        if self.single:
            return "half log odds"
        return {"logits": "logit", "sigmoid": "log odds"}.get(self.kind, "log-probability")

    @property
    def remarks(self) -> tuple[str, ...]:
        """What whoever reads a result made with it must know, one sentence each."""
        remarks = []
        if self.path:
            entry = ".".join(printable(str(step)) for step in self.path)
            remarks.append(f"The network answers {self.container}: entry {entry} is taken for the logits.")
        if self.single:
            inside = "a probability (sigmoid inside)" if self.kind == "sigmoid" else "z"
            halves = "half the log odds" if self.kind == "sigmoid" else "z/2"
            remarks.append(
                f"The network has one output, {inside}: two classes, p = sigmoid(z) the second's, 1 - p the first's; "
                f"the logits are minus and plus {halves}."
            )
        elif self.kind == "sigmoid":
            remarks.append(
                "The network answers a probability for each class by itself (sigmoid inside): they need not add up to "
                "1; the logits are their log odds."
            )
        elif self.kind == "probabilities":
            remarks.append(
                "The network answers probabilities (softmax inside), which are not squashed again: the logits are "
                "their logarithms, and where it is certain their gradient is 0."
            )
        elif self.kind == "log-probabilities":
            remarks.append("The network answers log-probabilities (log-softmax inside).")
        if self.grey:
            remarks.append("The network takes one channel: pictures are turned grey, 0.299 R + 0.587 G + 0.114 B.")
        if self.random:
            remarks.append(
                f"The network is random: two passes over the same picture differ by up to {self.random:.2g}, as with "
                "dropout that never stops (F.dropout without training=self.training); no map repeats."
            )
        return tuple(remarks)

    def logits(self, output: object, count: int) -> Tensor:
        """What the forward gave for `count` pictures -> (count, C) logits."""
        values = at_path(output, self.path).reshape(count, -1)
        if self.kind == "probabilities":
            values = values.clamp_min(torch.finfo(values.dtype).tiny).log()
        elif self.kind == "sigmoid":
            values = torch.logit(values, _TINY)
        return torch.cat([-values, values], 1) / 2 if self.single else values


def at_path(output: object, path: tuple[str | int, ...]) -> Tensor:
    """The tensor there."""
    for step in path:
        inside = isinstance(output, Mapping | tuple | list)
        output = output[step] if inside else getattr(output, str(step))  # type: ignore[call-overload, index]
    assert isinstance(output, Tensor)
    return output


def read(output: object, count: int, made_by: Mapping[int, str], grey: bool = False) -> tuple[Answers, int]:
    """How logits lie in an output, and of how many classes.

    Args:
        output: what the forward gave for `count` pictures, the first two of them the same, the last another.
        made_by: for tensors by their memory the function of torch that made them, in the order they were made.
        grey: whether the pictures had one channel.

    Raises:
        InputError: nothing in it can be logits.
    """
    found = [(path, tensor) for path, tensor in _tensors(output) if _is_row(tensor, count)]
    if not found:
        what = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
        raise InputError(f"answers {count} pictures with {what}, not with the logits of their classes")
    path, tensor = _likeliest(found, made_by)
    values = tensor.reshape(count, -1).float()
    if not values.isfinite().all():
        raise InputError("answers a picture with values that are not finite numbers")
    single = values.shape[1] == 1
    apart = float((values[0] - values[1]).abs().max())
    random = apart if apart > 1e-3 * float(values.abs().max()) else 0.0
    length = f" of {len(output)}" if isinstance(output, tuple | list) else ""
    container = f"a {printable(type(output).__name__)}{length}" if path else ""
    return (
        Answers(
            _kind(values, made_by.get(tensor.data_ptr(), "")), path, single, tensor.ndim != 2, grey, random, container
        ),
        2 if single else values.shape[1],
    )


def _is_row(tensor: Tensor, count: int) -> bool:
    """Whether there is a row of numbers a picture."""
    return (
        tensor.is_floating_point()
        and tensor.ndim in (1, 2, 4)
        and len(tensor) == count
        and tensor.numel() > 0
        and (tensor.ndim < 4 or tensor.shape[2:] == (1, 1))
    )


def _likeliest(
    found: list[tuple[tuple[str | int, ...], Tensor]], made_by: Mapping[int, str]
) -> tuple[tuple[str | int, ...], Tensor]:
    """Of several rows the logits: by their name, else the last that a linear layer made, else not yet squashed ones."""
    named = [pair for pair in found if pair[0] and "logit" in str(pair[0][-1]).lower()]
    linear = [pair for pair in found if made_by.get(pair[1].data_ptr()) in ("linear", "addmm")]
    order = {made: number for number, made in enumerate(made_by)}
    raw = [pair for pair in found if made_by.get(pair[1].data_ptr()) not in ("softmax", "log_softmax", "sigmoid")]
    if named:
        return named[0]
    return max(linear, key=lambda pair: order[pair[1].data_ptr()]) if linear else (raw or found)[0]


def _kind(values: Tensor, function: str) -> Kind:
    """What (N, C) numbers are, by the function that made them and by themselves."""
    if function == "sigmoid":
        return "sigmoid"
    if values.shape[1] == 1:
        return "logits"
    if bool((values >= 0).all()) and bool(((values.sum(1) - 1).abs() < _SUM).all()):
        return "probabilities"
    if bool((values <= _SUM).all()) and bool(((values.exp().sum(1) - 1).abs() < _SUM).all()):
        return "log-probabilities"
    return "logits"


def _tensors(output: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Tensor]]:
    """Every tensor in a tuple, list, dictionary or object, with the way to it."""
    if isinstance(output, Tensor):
        yield path, output
        return
    if len(path) >= _DEEPEST:
        return
    inside: list[tuple[str | int, object]] = []
    if isinstance(output, tuple | list):
        inside = list(enumerate(output))
    elif isinstance(output, Mapping):
        inside = [(key, value) for key, value in output.items() if isinstance(key, str | int)]
    elif hasattr(output, "__dict__"):
        inside = list(vars(output).items())
    for step, value in inside[:_MOST]:
        yield from _tensors(value, (*path, step))
