"""The command `amx`: its commands, and what every error ends in."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from audiomotion import __version__
from audiomotion.cli.console import errors
from audiomotion.errors import AudiomotionError, DataError, HeadLostError

_INTERRUPTED = 130
_STORAGE = ("aiobotocore", "botocore", "s3fs", "fsspec", "asyncio")
_COMMON = frozenset(("-v", "--verbose", "-q", "--quiet"))
# Newer Typers carry a Click of their own, so the class is reached by way of Typer.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

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
    for noisy in ("matplotlib", "urllib3", "PIL", "alembic", "sqlalchemy", *_STORAGE):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    errors.quiet = quiet


def main() -> None:
    """Run `amx`: an error of ours is a sentence and its exit code, Ctrl-C is 130."""
    try:
        # Not before: a broken entry point of another package is an error of ours too.
        from audiomotion.cli import commands

        if not app.registered_commands:
            commands.register(app)
        # Not standalone: there Typer ends an interrupted command without a word.
        code = app(_common_first(sys.argv[1:]), prog_name="amx", standalone_mode=False)
        sys.stdout.flush()
    except AudiomotionError as error:
        logging.getLogger(__name__).debug("where it happened", exc_info=error)
        for line in str(error).splitlines():
            print(f"amx: {line}", file=sys.stderr)
        end_process(error)
    except _UsageError as error:
        sys.exit(_explain_usage(error))
    except typer.Abort:  # Ctrl-C where a question was asked
        code = _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone: nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(_explain_refusal(error))
    if code == _INTERRUPTED:
        print("amx: interrupted; the same command continues", file=sys.stderr)
    sys.exit(code)


def end_process(error: AudiomotionError) -> NoReturn:
    """End with an error's exit code."""
    if isinstance(error, HeadLostError):
        # Ray's own farewell waits for the head until Ray ends the process, with another code; an
        # interpreter that ends without it crashes.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(error.exit_code)
    sys.exit(error.exit_code)


def _common_first(args: Sequence[str]) -> list[str]:
    """Return the arguments with those that hold for every command before the command."""
    common = [argument for argument in args if argument in _COMMON]
    return common + [argument for argument in args if argument not in _COMMON]


def _explain_refusal(error: OSError) -> int:
    """Print what the system refused, in one line; return the exit code."""
    logging.getLogger(__name__).debug("where it happened", exc_info=error)
    text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    print(f"amx: {text} (-v shows where)", file=sys.stderr)
    return DataError.exit_code


def _explain_usage(error: Any) -> int:
    """Print what is wrong with the arguments, in one line; return the exit code."""
    text = error.format_message()
    if "\n" in text:  # no argument at all: the help
        print(text, file=sys.stderr)
    else:
        text = text[:1].lower() + text[1:].replace("Value error, ", "")
        command = error.ctx.command_path if error.ctx else "amx"
        print(f"amx: {text} (see `{command} --help`)", file=sys.stderr)
    return int(error.exit_code)
