"""Ctrl-C in the midst of an import.

Imported modules answer it each in its own way: NumPy with an ImportError, others not at all, and one that is half
imported breaks whatever needs it afterwards. So the import goes on, and the interrupt comes right behind it. And code
in C, torch's for one, may raise an error of its own in the interrupt's place: an error behind one is the interrupt.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 0.02  # seconds until it is looked whether the import is over
_IMPORTING = "<frozen importlib."
_raised = False  # whether an interrupt was, since the outermost block began


@contextmanager
def after_imports() -> Iterator[None]:
    """Inside the block, a SIGINT raises KeyboardInterrupt as ever, but never inside an import; a second one does.

    An error behind it becomes a KeyboardInterrupt. Where SIGINT is ignored or somebody else's, in a thread, and on
    systems without timers it is left as it is.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler and hasattr(signal, "setitimer")
    global _raised
    waiting = False
    _raised = _raised and not ours

    def stop(number: int, frame: FrameType | None) -> None:
        global _raised
        nonlocal waiting
        impatient = number == signal.SIGINT and waiting
        if _inside_an_import(frame) and not impatient:
            waiting = True
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            return
        waiting, _raised = False, True
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGALRM)} if ours else {}
    except ValueError:  # only the main thread may
        before = {}
    try:
        yield
    except Exception as error:
        if _raised:
            raise KeyboardInterrupt from error
        raise
    finally:
        if before:
            signal.setitimer(signal.ITIMER_REAL, 0)
            _raised = False
        for number, handler in before.items():
            signal.signal(number, handler)


def _inside_an_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False
