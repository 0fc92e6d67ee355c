"""`python -m cinedot` is the command line."""

from cinedot.cli import main

main()
