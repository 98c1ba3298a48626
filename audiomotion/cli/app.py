"""The command `amx`: its commands, and what every error ends in."""

import logging
import os
import sys
from typing import Annotated

import typer

from audiomotion import __version__
from audiomotion.cli.console import errors
from audiomotion.errors import AudiomotionError

app = typer.Typer(
    name="amx",
    help="Find out which part of an audio-to-motion system matters.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"amx {__version__}")
        raise typer.Exit


@app.callback()
def common(
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say more; tracebacks too.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only errors and results.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Find out which part of an audio-to-motion system matters."""
    del version
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("audiomotion").setLevel(level)
    for noisy in ("matplotlib", "urllib3", "PIL", "alembic", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    errors.quiet = quiet


def main() -> None:
    """Run `amx`: an error of ours is a sentence and its exit code, Ctrl-C is 130."""
    from audiomotion.cli import commands

    commands.register(app)
    try:
        app(standalone_mode=True)
    except AudiomotionError as error:
        logging.getLogger(__name__).debug("where it happened", exc_info=error)
        for line in str(error).splitlines():
            print(f"amx: {line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("amx: interrupted; the same command continues", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone: nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
