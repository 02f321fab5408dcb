"""Ctrl-C in the midst of an import.

Imported modules answer it each in its own way: NumPy with an ImportError, others not at all, and one that is half
imported breaks whatever needs it afterwards. So the import goes on, and the interrupt comes right behind it.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 0.02  # seconds until it is looked whether the import is over
_IMPORTING = "<frozen importlib."


@contextmanager
def after_imports() -> Iterator[None]:
    """Inside the block, a SIGINT raises KeyboardInterrupt as ever, but never inside an import; a second one does.

    Where SIGINT is ignored or somebody else's, in a thread, and on systems without timers it is left as it is.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler and hasattr(signal, "setitimer")
    waiting = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal waiting
        impatient = number == signal.SIGINT and waiting
        if _inside_an_import(frame) and not impatient:
            waiting = True
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            return
        waiting = False
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGALRM)} if ours else {}
    except ValueError:  # only the main thread may
        before = {}
    try:
        yield
    finally:
        if before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _inside_an_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False
