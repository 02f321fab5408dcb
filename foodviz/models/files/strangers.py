"""Objects of classes that foodviz does not know: inert, so that whatever lies beside the weights costs them nothing.

A training script leaves its optimiser, its configuration, its paths beside the weights. Nothing of these is imported,
made or run: an object of theirs is a name and nothing more, and what its pickle says of its inside is let go. Where
the weights themselves need one, the file is refused by that name.
"""

from dataclasses import dataclass

from torch import nn

from foodviz.errors import InputError
from foodviz.printable import printable

# What acts on the machine when it is called. Nothing is called here, but no training leaves such a name: the file was
# made to do harm, and its owner should know.
_ACTING = frozenset(
    "os posix nt subprocess sys importlib runpy shutil socket ctypes pty code webbrowser commands".split()  # noqa: SIM905
)
_ACTING_BUILTINS = frozenset({"eval", "exec", "execfile", "compile", "open", "__import__", "input", "breakpoint"})


@dataclass(frozen=True)
class Global:
    """A name the pickle mentions; never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def acts(self) -> bool:
        """Whether the name is one of those that run programs, write files or connect."""
        if self.module in ("builtins", "__builtin__"):
            return self.name in _ACTING_BUILTINS
        return self.module.partition(".")[0] in _ACTING


@dataclass(frozen=True, eq=False, slots=True)
class StandIn:
    """What a call that no checkpoint needs would have given: the name of what was called."""

    origin: str


class Stranger(nn.Module):
    """An object whose class is not stock torch. Where its pickle holds a module's state, its children and weights are
    known and what it computes is not; without such a state it is `inert`."""

    origin: str
    inert: bool


def inert_origin(value: object) -> str | None:
    """The name behind an object that is a name and nothing more; None for any other object."""
    if isinstance(value, Global):
        return str(value)
    if isinstance(value, StandIn) or (isinstance(value, Stranger) and value.inert):
        return value.origin
    return None


def refusal(name: str) -> InputError:
    """The line for a file that needs this name."""
    return InputError(
        f"needs {printable(name)}, which is no part of a checkpoint; nothing was run "
        "(save the state_dict() instead; `allow_code` runs the file's code: only for files you made yourself)"
    )
