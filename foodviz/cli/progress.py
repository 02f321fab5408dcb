"""Progress bars on stderr, none where nobody watches."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, *, quiet: bool = False, total: int | None = None) -> Iterator[Item]:
    """Pass the items on, with a bar and the time left on stderr where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, leave=False, dynamic_ncols=True)
