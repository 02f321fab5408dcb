"""`python -m foodviz`, and what the command `foodviz` calls."""

import signal
import sys

from foodviz.interrupts import after_imports


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, also while it is still being imported."""
    try:
        with after_imports():
            from foodviz.cli import main as shell

            shell()
    except KeyboardInterrupt:
        if sys.stderr:
            sys.stderr.write("error: stopped\n")
        sys.exit(130)
    finally:  # the work is done and its exit code decided: Python's own end is not to be broken off
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
