"""`amx artifacts`: what stages left behind."""

import json
from typing import Annotated

import typer

from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from audiomotion.errors import ConfigError, DataError
from audiomotion.orchestrate.store import Artifact, ArtifactStore, open_store, verify

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_artifacts(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List artifacts with their sizes and the time they took."""
    found = list(open_store(store).artifacts())
    if as_json:
        rows = [
            {
                "stage": item.manifest["stage"],
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
        typer.echo(f"{item.manifest['stage']:<11} {item.fingerprint[:16]} {size}")
    if not found:
        typer.echo(f"no artifacts in {store}")


@app.command("show")
def show(
    fingerprint: Annotated[str, typer.Argument(help="Fingerprint, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Print an artifact's manifest as JSON."""
    typer.echo(json.dumps(_find(fingerprint, store_=open_store(store)).manifest, indent=1))


@app.command("verify")
def verify_artifacts(store: StoreOption = DEFAULT_STORE) -> None:
    """Compute every checksum; name what has changed since it was written."""
    count, problems = 0, []
    for artifact in open_store(store).artifacts():
        count += 1
        problems += verify(artifact)
    if problems:
        raise DataError("\n".join(problems))
    typer.echo(
        f"{count} artifacts are as they were written" if count else f"no artifacts in {store}"
    )


def _find(fingerprint: str, store_: ArtifactStore) -> Artifact:
    found = [item for item in store_.artifacts() if item.fingerprint.startswith(fingerprint)]
    if len(found) != 1:
        what = "no artifact" if not found else f"{len(found)} artifacts"
        raise ConfigError(f"{fingerprint!r} fits {what}; see `amx artifacts list`")
    return found[0]
