"""`amx artifacts`: what stages left behind, whether it is as it was, and what can go."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from audiomotion.cli.console import counted, errors
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption, YesOption
from audiomotion.errors import ConfigError, DataError
from audiomotion.orchestrate.collecting import Garbage, Limits, collect, find_garbage
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import Artifact, ArtifactStore, open_store
from audiomotion.orchestrate.store.pins import pin, pinned, unpin

app = typer.Typer(no_args_is_help=True)

_DAYS = 7.0
_PinArgument = Annotated[
    str, typer.Argument(help="Fingerprint of an artifact or id of a launch, or its beginning.")
]


@app.command("list")
def list_artifacts(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List artifacts with their sizes and the time they took."""
    found = list(open_store(store).artifacts())
    if as_json:
        rows = [
            {
                "stage": item.stage,
                "fingerprint": item.fingerprint,
                "bytes": item.num_bytes,
                "seconds": item.seconds,
                "finished": item.manifest["finished"],
            }
            for item in found
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    for item in found:
        size = f"{item.num_bytes / 1e6:9.1f} MB {item.seconds:8.1f} s"
        typer.echo(f"{item.stage:<11} {item.fingerprint[:16]} {size}")
    if not found:
        typer.echo(f"no artifacts in {store}")


@app.command("show")
def show(
    fingerprint: Annotated[str, typer.Argument(help="Fingerprint, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Print an artifact's manifest as JSON."""
    typer.echo(json.dumps(_find(fingerprint, open_store(store)).manifest, indent=1))


@app.command("verify")
def verify_artifacts(
    store: StoreOption = DEFAULT_STORE,
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Delete damaged ones: the next run makes them anew."),
    ] = False,
) -> None:
    """Compute every checksum; name what has changed since it was written."""
    place = open_store(store)
    count, problems = 0, []
    for artifact in place.artifacts():
        count += 1
        found = place.verify(artifact)
        problems += found
        if found and delete:
            place.delete(artifact)
            typer.echo(f"deleted {artifact.stage} {artifact.fingerprint[:16]}: {found[0]}")
    if problems and not delete:
        errors.say("--delete deletes the damaged artifacts; the next run makes them anew")
        raise DataError("\n".join(problems))
    if not problems:
        whole = f"{counted(count, 'artifact')} are as they were written"
        typer.echo(whole if count else f"no artifacts in {store}")


@app.command("gc")
def gc(
    store: StoreOption = DEFAULT_STORE,
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, help="Days: nothing younger is taken.")
    ] = _DAYS,
    imported: Annotated[
        bool, typer.Option("--imported", help="Imported checkpoints that no launch uses, too.")
    ] = False,
    speech: Annotated[
        bool, typer.Option("--speech-cache", help="The cache of spoken texts, too.")
    ] = False,
    unfinished: Annotated[
        bool,
        typer.Option("--unfinished", help="What only launches name that failed or broke off, too."),
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove artifacts that no launch names, and what interrupted runs left.

    Everything that a launch names stays, as does what is pinned, and what it was made of. Without
    --yes nothing is removed, unless a terminal is there to ask.
    """
    place = open_store(store)
    limits = Limits(datetime.now(UTC) - timedelta(days=older_than), imported, speech, unfinished)
    found = find_garbage(place, limits)
    if not as_json:
        _print(found, store)
    agreed = yes or (
        bool(found) and not as_json and sys.stdin.isatty() and typer.confirm("Remove it?")
    )
    # Looked at again: a launch may have begun to use something while the question was read.
    still = {item.name for item in find_garbage(place, limits)} if agreed else set()
    removed = list(collect(place, (item for item in found if item.name in still)))
    if as_json:
        rows = [
            {
                "kind": item.kind,
                "name": item.name,
                "bytes": item.num_bytes,
                "reason": item.reason,
                "removed": item in removed,
            }
            for item in found
        ]
        typer.echo(json.dumps(rows, indent=1))
    elif agreed:
        typer.echo(f"removed {_size(removed)}")
    elif found:
        errors.say("nothing was removed; --yes removes it")


def _print(found: Sequence[Garbage], store: str) -> None:
    for item in found:
        size = f"{item.num_bytes / 1e6:9.1f} MB"
        typer.echo(f"{item.kind:<11} {item.name[:16]:<16} {size}  {item.reason}")
    typer.echo(f"can go: {_size(found)}" if found else f"nothing can go from {store}")


def _size(items: Sequence[Garbage]) -> str:
    return f"{counted(len(items), 'item')}, {sum(item.num_bytes for item in items) / 1e6:.1f} MB"


@app.command("pin")
def pin_(name: _PinArgument, store: StoreOption = DEFAULT_STORE) -> None:
    """Keep an artifact, or all that a launch names, from `gc`."""
    place = open_store(store)
    found = _named(name, place)
    pin(place, found)
    typer.echo(f"pinned {counted(len(found), 'artifact')}")


@app.command("unpin")
def unpin_(name: _PinArgument, store: StoreOption = DEFAULT_STORE) -> None:
    """Undo `pin`."""
    place = open_store(store)
    pins = pinned(place)
    found = [one for one in _named(name, place) if one in pins]
    if not found:
        raise ConfigError(f"nothing that {name!r} means is pinned")
    for one in found:
        unpin(place, one)
    typer.echo(f"unpinned {counted(len(found), 'artifact')}")


def _named(name: str, store: ArtifactStore) -> list[str]:
    """Return the fingerprints that a launch names, or the one that begins like this."""
    records = list(all_runs(store))
    exact = [record for record in records if record.id == name]
    launches = exact or [record for record in records if record.id.startswith(name)]
    if len(launches) == 1:
        return list(dict.fromkeys(launches[0].fingerprints()))
    if launches:
        raise ConfigError(f"{name!r} is the beginning of several launches; see `amx runs list`")
    return [_find(name, store).fingerprint]


def _find(fingerprint: str, store: ArtifactStore) -> Artifact:
    found = [item for item in store.artifacts() if item.fingerprint.startswith(fingerprint)]
    if len(found) != 1:
        what = "no artifact" if not found else f"{len(found)} artifacts"
        raise ConfigError(f"{fingerprint!r} fits {what}; see `amx artifacts list`")
    return found[0]
