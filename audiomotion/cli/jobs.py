"""`amx jobs`: what runs on a cluster, by job, axis or arm."""

import json
import re
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from audiomotion.cli.console import errors, results
from audiomotion.cli.inside_job import print_log_line
from audiomotion.cli.options import AddressOption, JsonOption
from audiomotion.cli.submitting import cluster_address, follow
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.jobs import Job, Jobs, found

app = typer.Typer(no_args_is_help=True)

_STAGE = r"(\S+ \[[^\]]*\] [0-9a-f]{8})"
_EVENT = re.compile(rf"(start|done|failed)\s+{_STAGE}")
_PROGRESS = re.compile(rf"  {_STAGE}  (.+)")
_WORDS = {"start": "running", "done": "done", "failed": "failed"}

JobArgument = Annotated[
    str, typer.Argument(metavar="JOB", help="Id of a job or its beginning, an axis, or an arm.")
]


@app.command("list")
def list_jobs(address: AddressOption = None, as_json: JsonOption = False) -> None:
    """List the jobs of a cluster, the newest first."""
    jobs = _connected(address).all()
    if as_json:
        typer.echo(json.dumps([_as_json(job) for job in jobs], indent=1, ensure_ascii=False))
        return
    table = Table(
        "job", "status", "data set", "arms", "user", "started", "time", header_style="bold"
    )
    for job in jobs:
        arms = ", ".join(job.arms)
        dataset, user = job.facts.get("dataset", ""), job.facts.get("user", "")
        table.add_row(job.id, job.status, dataset, arms, user, _clock(job.started), _duration(job))
    if jobs:
        results().print(table)
    else:
        typer.echo("no jobs of amx on this cluster")


@app.command("logs")
def logs(
    job: JobArgument,
    follow_: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the job ends.")
    ] = False,
    address: AddressOption = None,
) -> None:
    """Print a job's log: results on stdout, everything else on stderr."""
    jobs = _connected(address)
    meant = found(jobs.all(), job)
    if follow_:
        follow(jobs, meant.id)
    for line in jobs.log(meant.id).splitlines():
        print_log_line(line)


@app.command("status")
def status(job: JobArgument, address: AddressOption = None, as_json: JsonOption = False) -> None:
    """Show a job: what it is, how it stands, and its stages."""
    jobs = _connected(address)
    meant = found(jobs.all(), job)
    stages = stage_lines(jobs.log(meant.id))
    if as_json:
        typer.echo(json.dumps(_as_json(meant) | {"stages": stages}, indent=1, ensure_ascii=False))
        return
    typer.echo(f"{meant.id}: {meant.status}, started {_clock(meant.started)}, {_duration(meant)}")
    for name, value in meant.facts.items():
        typer.echo(f"  {name:<8} {value}")
    for stage, text in stages.items():
        typer.echo(f"  {stage}: {text}")


@app.command("stop")
def stop(job: JobArgument, address: AddressOption = None, as_json: JsonOption = False) -> None:
    """Stop a job and wait until it has: its stages write their checkpoints first."""
    jobs = _connected(address)
    meant = found(jobs.all(), job, only_running=True)
    errors.say(f"stopping {meant.id}")
    jobs.stop(meant.id)
    ended = jobs.get(meant.id)
    if as_json:
        typer.echo(json.dumps(_as_json(ended), indent=1, ensure_ascii=False))
    else:
        typer.echo(f"{ended.id}: {ended.status}; the command that submitted it continues it")


def _connected(address: str | None) -> Jobs:
    found_address = cluster_address(address)
    if found_address is None:
        raise ConfigError("which cluster? give --address http://HEAD:8265, or set RAY_ADDRESS")
    return Jobs(found_address)


def stage_lines(log: str) -> dict[str, str]:
    """Return how each stage stood last, from what the driver wrote."""
    lines: dict[str, str] = {}
    for line in log.splitlines():
        if event := _EVENT.match(line):
            lines[event[2]] = _WORDS[event[1]]
        elif (progress := _PROGRESS.match(line)) and lines.get(progress[1], "") not in (
            "done",
            "failed",
        ):
            lines[progress[1]] = f"running, {progress[2].strip()}"
    return lines


def _as_json(job: Job) -> dict[str, Any]:
    return asdict(job) | {"arms": job.arms}


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _duration(job: Job) -> str:
    seconds = int((job.ended or time.time()) - job.started)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
