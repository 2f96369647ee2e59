"""`python -m mixminus` is the `mixminus` command."""

from mixminus.cli.main import main

main()
