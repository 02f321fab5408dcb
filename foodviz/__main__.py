"""`python -m foodviz`."""

from foodviz.cli import main

main()
