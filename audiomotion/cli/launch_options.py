"""What `train` and `ablate` are told about running their plan, apart from what is in it."""

import math
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from audiomotion.cli.dry_run import expected_cost
from audiomotion.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    DataRootOption,
    DryRunOption,
    ExecutorName,
    ExecutorOption,
    ForceOption,
    JsonOption,
    MaxGpuHoursOption,
    OnlyOption,
    ProbeOption,
    RetryFailedOption,
    StoreOption,
    YesOption,
)
from audiomotion.cli.probing import probe_unknown
from audiomotion.config.nearest import not_one_of
from audiomotion.config.runtime import Runtime
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.budget import GPU_LEDGER, GpuBudget
from audiomotion.orchestrate.forecast import Forecast
from audiomotion.orchestrate.plan import Fingerprint, Plan
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.submitting.address import INSIDE_JOB


@dataclass(frozen=True)
class LaunchOptions:
    """Where the plan runs, how much of it, and what it may cost."""

    store: StoreOption = DEFAULT_STORE
    data_root: DataRootOption = None
    executor: ExecutorOption = ExecutorName.ray
    address: AddressOption = None
    only: OnlyOption = None
    force: ForceOption = None
    retry_failed: RetryFailedOption = False
    max_gpu_hours: MaxGpuHoursOption = None
    probe: ProbeOption = False
    dry_run: DryRunOption = False
    as_json: JsonOption = False
    yes: YesOption = False

    def expected_cost(
        self, plan: Plan, store: ArtifactStore, runtime: Runtime, forced: Collection[Fingerprint]
    ) -> Forecast:
        """Return what the plan will cost; measure what is not known of that, if told to."""
        cost = expected_cost(plan, store, runtime, self.executor, forced)
        if not self.probe:
            return cost
        probed = probe_unknown(plan, cost, store, runtime)
        return expected_cost(plan, store, runtime, self.executor, forced, probed)

    def budget(self, runtime: Runtime, cost: Forecast, folder: RunFolder) -> GpuBudget:
        """Return what the launch may use; where nothing is said of that it is only counted.

        Raises:
            ConfigError: The plan is expected to take more.
        """
        # A cluster's driver runs on the head, which may have no GPU where its workers have.
        has_gpu = cost.slots.gpus > 0 or INSIDE_JOB in os.environ
        asked = runtime.with_one_worker() if self.executor is ExecutorName.local else runtime
        settled = asked.settled(has_gpu=has_gpu)
        ledger = None if self.only else folder.path / GPU_LEDGER
        limit = math.inf if self.max_gpu_hours is None else self.max_gpu_hours
        budget = GpuBudget(
            limit, lambda stage: settled.resources(stage.name).all_gpus, ledger, folder.share
        )
        if cost.gpu_hours and budget.used_hours + cost.gpu_hours > limit:
            raise ConfigError(_beyond(budget, cost))
        return budget

    def refuse_unknown_stages(self, plan: Plan) -> None:
        """Refuse names that are no stage of the plan.

        Raises:
            ConfigError: Every such name.
        """
        names = list(dict.fromkeys(stage.name for stage in plan.stages.values()))
        problems = [
            *_unknown("--only", self.only or (), names),
            *_unknown("--force", self.force or (), names),
        ]
        if problems:
            raise ConfigError(problems)


def _beyond(budget: GpuBudget, cost: Forecast) -> str:
    used = f" and earlier attempts used {budget.used_hours:.3g}" if budget.used_hours else ""
    return (
        f"--max-gpu-hours {budget.max_hours:g}: the plan is expected to take {cost.gpu_hours:.3g} "
        f"GPU-hours{used}; allow more, or take fewer arms, seeds or steps (--dry-run shows what "
        "costs most)"
    )


def _unknown(option: str, given: Sequence[str], names: Collection[str]) -> list[str]:
    return [
        f"{option}: {not_one_of(name, list(names), what='the stages of this plan ')}"
        for name in given
        if name not in names
    ]
