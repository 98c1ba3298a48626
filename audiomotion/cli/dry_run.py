"""`--dry-run`: what would run, what is cached, how often each stage is shared, what it costs."""

import json
from collections import Counter
from collections.abc import Mapping

import typer
from rich.table import Table

from audiomotion.cli.console import counted, results
from audiomotion.orchestrate.estimates import recorded_seconds
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore


def print_plan(request: Request, plan: Plan, store: ArtifactStore, *, as_json: bool) -> None:
    """Print the plan of a request; nothing is run or written."""
    missing = {stage.fingerprint for stage in plan.missing(store.available(plan.stages))}
    seconds = recorded_seconds(store)
    rows = [
        {
            "stage": stage.name,
            "fingerprint": key,
            "status": "run" if key in missing else "cached",
            "arms": sorted(plan.arms_of[key]),
            "seconds": seconds.get(stage.name) if key in missing else 0.0,
        }
        for key, stage in plan.stages.items()
    ]
    if as_json:
        typer.echo(json.dumps({"title": request.title, "stages": rows}, indent=1))
        return
    grid = Table("stage", "fingerprint", "status", "arms", "recorded time", header_style="bold")
    for row in rows:
        time = row["seconds"]
        grid.add_row(
            str(row["stage"]),
            str(row["fingerprint"])[:12],
            str(row["status"]),
            ", ".join(sorted(plan.arms_of[str(row["fingerprint"])])) or "all (ceiling)",
            "unknown" if time is None else f"{time:.0f} s" if time else "",
        )
    results().print(grid)
    typer.echo(_summary(request, plan, missing, seconds))


def _summary(request: Request, plan: Plan, missing: set[str], seconds: Mapping[str, float]) -> str:
    uses = sum(len(_distinct(target)) for target in plan.targets) + len(plan.extra)
    known = Counter(plan.stages[key].name for key in missing)
    total = sum(seconds.get(name, 0.0) * count for name, count in known.items())
    unknown = sorted(name for name in known if seconds.get(name) is None)
    cost = (
        f"about {total:.0f} s of stage time" if not unknown else "time unknown before a first run"
    )
    return (
        f"{request.title} on {request.dataset}: {counted(len(request.arms), 'arm')}, "
        f"{len(plan.stages)} stages instead of {uses}, {len(missing)} to run; {cost}"
    )


def _distinct(target: Target) -> set[str]:
    return {stage.fingerprint for stage in target.upstream()}
