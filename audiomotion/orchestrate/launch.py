"""A launch: from resolved arms to a verdict on every one of them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from audiomotion.config.experiment import Experiment
from audiomotion.errors import AudiomotionError, ClusterError, DivergedError
from audiomotion.orchestrate.budget import GpuBudget
from audiomotion.orchestrate.executor import EventKind, Executor, OnEvent
from audiomotion.orchestrate.failures import NOT_ITS_OWN, Failure, failure_of
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.records import (
    ArmRecord,
    RunFolder,
    RunRecord,
    timestamp,
)
from audiomotion.orchestrate.results import fetch_reports, fetch_results
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.stopping import terminated_as_interrupted
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import raise_verdict
from audiomotion.stages.base import AnyStage
from audiomotion.stages.graph import ReferenceStage
from audiomotion.stages.system import SystemStages

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What is asked for: some arms of one axis, or one experiment."""

    kind: Literal["ablation", "experiment"]
    title: str
    arms: Sequence[tuple[str, Experiment]]
    axis: Mapping[str, Any]

    @property
    def dataset(self) -> str:
        """Name of the data set, which all arms share."""
        return self.arms[0][1].dataset.label


class Observer(Protocol):
    """Told what happens in a launch; a tracker, for example."""

    def begin(self, record: RunRecord) -> None:
        """Called once, before the first stage."""

    def stage_done(self, record: RunRecord, stage: AnyStage, folder: Path) -> None:
        """Called for every stage of the plan whose artifact is there, cached ones included."""

    def end(self, record: RunRecord) -> None:
        """Called once, with the verdicts; the launch is not done before this returns.

        Raises:
            ClusterError: Something could not be noted; the launch is done all the same.
        """

    def interrupted(self) -> None:
        """Called instead of `end` where the launch breaks off, `begin` or not; must not raise."""


class Display(Protocol):
    """Shows the progress of a launch."""

    def __call__(self, event: EventKind, stage: AnyStage | None) -> None:
        """Show one event; `tick` comes with None about twice a second."""


def make_plan(request: Request) -> Plan:
    """Return all stages of all arms and seeds, each needed artifact once."""
    targets = []
    references: dict[str, ReferenceStage] = {}
    for name, experiment in request.arms:
        stages = SystemStages(experiment)
        # An axis compares metrics, which are measured at the real lengths.
        companions = (stages.length,) if request.kind == "experiment" else ()
        reference = references.setdefault(stages.reference.fingerprint, stages.reference)
        target = Target(name, experiment.seed, stages.evaluation, companions, reference)
        targets.append(target)
    return Plan(targets, references.values())


def new_record(request: Request, plan: Plan) -> RunRecord:
    """Return the record of a launch that has not begun; its id derives from the plan."""
    arms = tuple(
        ArmRecord(
            arm=name,
            seed=experiment.seed,
            experiment=experiment.model_dump(mode="json"),
            fingerprints=stage_fingerprints(target),
            weights=experiment.weights_label,
        )
        for (name, experiment), target in zip(request.arms, plan.targets, strict=True)
    )
    return RunRecord(
        id=f"{request.title}-{request.dataset}-{plan.digest[:8]}",
        kind=request.kind,
        title=request.title,
        dataset=request.dataset,
        created=timestamp(),
        arms=arms,
        references=tuple(stage.fingerprint for stage in plan.extra),
        axis=dict(request.axis),
    )


def stage_fingerprints(target: Target) -> dict[str, str]:
    """Return the fingerprint of each stage by name; a second one of a name is `name-2`.

    Where training and test instructions differ there are two of `speak` and of `features`.
    """
    found: dict[str, str] = {}
    for stage in target.upstream():
        if stage.fingerprint not in found.values():
            name = stage.name if stage.name not in found else f"{stage.name}-2"
            found[name] = stage.fingerprint
    if target.reference is not None:
        found[target.reference.name] = target.reference.fingerprint
    return found


def launch(
    request: Request,
    plan: Plan,
    store: ArtifactStore,
    executor: Executor,
    observer: Observer,
    display: Display,
    seconds: Mapping[str, float],
    *,
    budget: GpuBudget | None = None,
    retry_failed: bool = False,
) -> RunRecord:
    """Run what is missing and return the record with a verdict on every arm.

    An arm is `failed` where a stage of its own failed, `skipped` where one that arms share did, or
    where it was not begun because others failed for a reason that they share or the budget is used
    up. A training that diverged is only run again with `retry_failed`. An interrupt leaves the
    record `interrupted`; the same request continues it. Where the observer could not note
    everything, `unobserved` says so; the same request makes up for it.
    """
    record = new_record(request, plan)
    folder = RunFolder(store, record.id)
    earlier = folder.load()
    if earlier is not None:
        record = replace(record, created=earlier.created)
    folder.save(record)  # first: what it names is not collected from then on

    def on_event(event: EventKind, stage: AnyStage | None) -> None:
        display(event, stage)
        if event == "done" and stage is not None:
            fetch_reports(store, [(stage.name, stage.fingerprint)])
            observer.stage_done(record, stage, store.folder(stage))

    try:
        available = store.available(plan.stages)
        schedule = Schedule(plan.missing(available), seconds, plan.arms_of, budget)
        with terminated_as_interrupted():
            observer.begin(record)
            folder.share()
            cached = [stage for stage in plan.stages.values() if stage.fingerprint in available]
            fetch_reports(store, [(stage.name, stage.fingerprint) for stage in cached])
            for stage in cached:
                observer.stage_done(record, stage, store.folder(stage))
            _apply_verdicts(schedule, store, on_event, retry_failed=retry_failed)
            executor.run(schedule, budget.watch(schedule, on_event) if budget else on_event)
            record = _with_verdicts(record, plan, schedule)
            fetch_results(store, record)
            record = _observed(record, observer)
    except BaseException:
        _save_interrupted(folder, record)
        observer.interrupted()
        raise
    folder.save(record)
    return record


def _save_interrupted(folder: RunFolder, record: RunRecord) -> None:
    """Record that a launch broke off; why it did matters more than a store that is away."""
    try:
        folder.save(record.with_arms(record.arms, "interrupted"))
    except AudiomotionError as error:
        logger.warning("the launch could not be recorded as interrupted: %s", error)


def _apply_verdicts(
    schedule: Schedule, store: ArtifactStore, on_event: OnEvent, *, retry_failed: bool
) -> None:
    """Fail the stages that are known to fail, or forget that they are."""
    for stage in list(schedule.stages.values()):
        if retry_failed:
            store.forget_verdict(stage.fingerprint)
            continue
        try:
            raise_verdict(store, stage)
        except DivergedError as error:
            schedule.fail(failure_of(stage, error))
            on_event("failed", stage)


def _observed(record: RunRecord, observer: Observer) -> RunRecord:
    """Tell the observer the verdicts; note what it says it could not note."""
    try:
        observer.end(record)
    except ClusterError as error:
        return replace(record, unobserved=str(error))
    return record


def _with_verdicts(record: RunRecord, plan: Plan, schedule: Schedule) -> RunRecord:
    arms = tuple(
        _verdict(arm, _first_failure(target, schedule), plan)
        for arm, target in zip(record.arms, plan.targets, strict=True)
    )
    references_done = all(key not in schedule.failures for key in record.references)
    all_done = references_done and all(arm.status == "done" for arm in arms)
    return record.with_arms(arms, "done" if all_done else "failed")


def _first_failure(target: Target, schedule: Schedule) -> Failure | None:
    failures = (schedule.failures.get(root.fingerprint) for root in target.roots)
    return next((failure for failure in failures if failure is not None), None)


def _verdict(arm: ArmRecord, failure: Failure | None, plan: Plan) -> ArmRecord:
    if failure is None:
        return replace(arm, status="done", reason="", exit_code=0, failure_kind="")
    not_its_own = failure.kind in NOT_ITS_OWN or len(plan.arms_of[failure.stage.fingerprint]) > 1
    return replace(
        arm,
        status="skipped" if not_its_own else "failed",
        reason=f"{failure.stage.name}: {failure.reason}",
        exit_code=failure.exit_code,
        failure_kind=failure.kind,
    )
