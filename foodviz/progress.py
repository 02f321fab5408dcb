"""What a long computation says of its progress: a bar on stderr, or nothing where nobody watches."""

import sys
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from foodviz.printable import printable

Item = TypeVar("Item")


class Progress(Protocol):
    """Passes items on and shows how many are left."""

    def __call__(self, items: Iterable[Item], what: str, *, total: int | None = None) -> Iterator[Item]: ...


def silent(items: Iterable[Item], what: str, *, total: int | None = None) -> Iterator[Item]:  # noqa: ARG001
    """Pass the items on and show nothing."""
    yield from items


def bar(items: Iterable[Item], what: str, *, total: int | None = None) -> Iterator[Item]:
    """Pass the items on, with a bar and the time left on stderr where that is a terminal."""
    if not watched():
        yield from items
        return
    from tqdm import tqdm

    yield from tqdm(items, desc=printable(what), total=total, leave=False, dynamic_ncols=True)


def watched() -> bool:
    """Whether stderr is a terminal; it may also be closed."""
    return sys.stderr is not None and sys.stderr.isatty()
