"""`python -m audiomotion`: the command `amx`."""

from audiomotion.cli.app import main

if __name__ == "__main__":
    main()
