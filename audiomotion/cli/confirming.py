"""What a command asks before it throws something away."""

import sys
from collections.abc import Collection

import typer

from audiomotion.cli.console import counted, errors
from audiomotion.cli.durations import spoken_seconds
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.forcing import what_forcing_discards
from audiomotion.orchestrate.plan import Fingerprint, Plan
from audiomotion.orchestrate.store import ArtifactStore


def confirm_forcing(
    plan: Plan, forced: Collection[Fingerprint], store: ArtifactStore, *, yes: bool
) -> None:
    """Say what `--force` throws away, and ask unless told not to.

    Raises:
        ConfigError: The answer was no, or nobody is there to give one.
    """
    discarded = what_forcing_discards(plan, forced, store)
    if not discarded.artifacts:
        return
    what = (
        f"--force throws away {counted(discarded.artifacts, 'artifact')} "
        f"({discarded.num_bytes / 1e6:.1f} MB, {spoken_seconds(discarded.seconds)} of computing)"
    )
    errors.say(what)
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"{what}; confirm with --yes")
    if not typer.confirm("Go on?", default=False):
        raise ConfigError("not confirmed; nothing was thrown away")
