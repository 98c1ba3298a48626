"""`--dry-run`: what would run, what is cached, how often each stage is shared, what it costs."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import typer
from rich.table import Table

from audiomotion.cli.console import counted, results
from audiomotion.cli.durations import spoken_hours, spoken_seconds
from audiomotion.cli.options import ExecutorName
from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.forecast import Forecast, forecast
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.pace import Timed
from audiomotion.orchestrate.plan import Fingerprint, Plan, Target
from audiomotion.orchestrate.slots import slots_here
from audiomotion.orchestrate.store import ArtifactStore

_MOST_ROWS = 100
_MOST_ARMS = 8


def expected_cost(
    plan: Plan,
    store: ArtifactStore,
    runtime: Runtime,
    executor: ExecutorName,
    forced: Collection[Fingerprint] = (),
    probed: Iterable[Timed] = (),
) -> Forecast:
    """Return what the missing and the forced stages of a plan will cost on this machine."""
    missing = plan.missing(store.available(plan.stages).difference(forced))
    is_local = executor is ExecutorName.local
    asked = runtime.with_one_worker() if is_local else runtime
    return forecast(missing, store, asked, slots_here(one_by_one=is_local), probed)


@dataclass(frozen=True)
class PlanView:
    """A plan, as it is printed."""

    request: Request
    plan: Plan
    cost: Forecast
    forced: Collection[Fingerprint] = ()
    """Stages that are computed again although their artifacts are there."""

    def print(self, *, as_json: bool) -> None:
        """Print the plan; nothing is run or written."""
        if as_json:
            typer.echo(json.dumps(self._summary() | {"stages": list(self._rows())}, indent=1))
            return
        several = len(self.plan.stages) > _MOST_ROWS
        results().print(self._grouped() if several else self._listed())
        for line in self.sentences():
            typer.echo(line)

    def sentences(self) -> Iterator[str]:
        """Yield what the plan is, what it costs, and what is not known of that."""
        summary = self._summary()
        yield (
            f"{self.request.title} on {self.request.dataset}: {_arms(summary)}, "
            f"{summary['num_stages']} stages instead of {summary['without_sharing']}, "
            f"{summary['to_run']} to run"
        )
        yield from cost_sentences(self.cost, self.plan)

    def _status(self, key: Fingerprint) -> str:
        if key not in self.cost.estimates:
            return "cached"
        return "run (forced)" if key in self.forced else "run"

    def _rows(self) -> Iterator[dict[str, Any]]:
        for key, stage in self.plan.stages.items():
            estimate = self.cost.estimates.get(key)
            yield {
                "stage": stage.name,
                "fingerprint": key,
                "status": self._status(key),
                "arms": sorted(self.plan.arms_of[key]),
                "seconds": estimate.seconds if estimate else 0.0,
                "basis": estimate.basis if estimate else "cached",
            }

    def _summary(self) -> dict[str, Any]:
        arms = Counter(name for name, _ in self.request.arms)
        uses = sum(_num_stages(target) for target in self.plan.targets) + len(self.plan.extra)
        num_stages, to_run = len(self.plan.stages), len(self.cost.estimates)
        return {
            "title": self.request.title,
            "dataset": self.request.dataset,
            "arms": len(arms),
            "seeds": max(arms.values()),
            "num_stages": num_stages,
            "without_sharing": uses,
            "cached": num_stages - to_run,
            "to_run": to_run,
            "cost": cost_as_json(self.cost, self.plan),
        }

    def _listed(self) -> Table:
        """Return the table of all stages."""
        grid = Table("stage", "fingerprint", "status", "arms", "time", header_style="bold")
        for row in self._rows():
            arms = ", ".join(row["arms"][:_MOST_ARMS])
            more = len(row["arms"]) - _MOST_ARMS
            arms += f" and {more} more" if more > 0 else ""
            grid.add_row(
                row["stage"],
                row["fingerprint"][:12],
                row["status"],
                arms or "all (ceiling)" if self.plan.targets else "",
                _shown(row["seconds"], row["basis"]),
            )
        return grid

    def _grouped(self) -> Table:
        """Return the table of the kinds of stage, where there are too many stages to read."""
        grid = Table("stages", "number", "cached", "run", "time of all", header_style="bold")
        for name in dict.fromkeys(stage.name for stage in self.plan.stages.values()):
            keys = [key for key, stage in self.plan.stages.items() if stage.name == name]
            waiting = [key for key in keys if key in self.cost.estimates]
            known = [self.cost.seconds[key] for key in waiting if key in self.cost.seconds]
            bases = {self.cost.estimates[key].basis for key in waiting}
            seconds = sum(known) if len(known) == len(waiting) else None
            numbers = (str(len(keys)), str(len(keys) - len(waiting)), str(len(waiting)))
            basis = bases.pop() if len(bases) == 1 else "rough" if bases else "cached"
            grid.add_row(name, *numbers, _shown(seconds, basis))
        return grid


def cost_as_json(cost: Forecast, plan: Plan) -> dict[str, Any]:
    """Return the figures of a forecast, and which kinds of stage they do without."""
    return {
        "wall_seconds": cost.wall_seconds,
        "cpu_hours": cost.cpu_hours,
        "gpu_hours": cost.gpu_hours,
        "longest_chain": {
            "seconds": cost.chain_seconds,
            "stages": [stage.name for stage in cost.chain],
        },
        "slots": vars(cost.slots),
        "rough": cost.kinds_of("rough", plan),
        "unknown": cost.kinds_of("unknown", plan),
    }


def cost_sentences(cost: Forecast, plan: Plan) -> Iterator[str]:
    """Yield what a forecast says, and what it does not know."""
    unknown, rough = cost.kinds_of("unknown", plan), cost.kinds_of("rough", plan)
    if cost.seconds:
        least = "at least" if unknown else "about"
        chain = " > ".join(stage.name for stage in cost.chain)
        yield (
            f"{least} {spoken_seconds(cost.wall_seconds)} on {_machine(cost)} "
            f"({spoken_hours(cost.cpu_hours, 'CPU-hour')}, "
            f"{spoken_hours(cost.gpu_hours, 'GPU-hour')}); the longest chain takes "
            f"{spoken_seconds(cost.chain_seconds)}: {chain}"
        )
    if rough:
        yield f"rough, from other configurations or other data: {', '.join(rough)}"
    if unknown:
        yield (
            f"time unknown before a first run: {', '.join(unknown)}; "
            "--probe measures a few steps of each training"
        )


def _machine(cost: Forecast) -> str:
    slots = cost.slots
    cores = counted(int(slots.cpus), "core")
    gpus = f" and {counted(int(slots.gpus), 'GPU')}" if slots.gpus else ""
    return f"{cores}{gpus}, one stage at a time" if slots.most_stages == 1 else f"{cores}{gpus}"


def _arms(summary: dict[str, Any]) -> str:
    arms = counted(summary["arms"], "arm")
    return arms if summary["seeds"] == 1 else f"{arms} × {counted(summary['seeds'], 'seed')}"


def _shown(seconds: float | None, basis: str) -> str:
    if basis == "cached":
        return ""
    if seconds is None:
        return "unknown"
    return spoken_seconds(seconds) + (f" ({basis})" if basis != "recorded" else "")


def _num_stages(target: Target) -> int:
    return len({stage.fingerprint for stage in target.upstream()})
