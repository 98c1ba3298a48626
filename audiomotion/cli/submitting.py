"""Handing a command to a cluster, and following it there."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.inside_job import print_log_line
from audiomotion.cli.launch_options import LaunchOptions
from audiomotion.cli.options import ExecutorName
from audiomotion.cli.weights import confirm_weights, frozen_parts
from audiomotion.config.datasets import FolderSchema
from audiomotion.config.experiment import Experiment
from audiomotion.config.official import OFFICIAL_WORD
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.schema import PartSchema
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.jobs import Jobs, raise_for
from audiomotion.orchestrate.launch import Request, make_plan
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.submitting.address import Address, chosen_address, read_address
from audiomotion.orchestrate.submitting.checking import check_cluster, raise_for_findings
from audiomotion.orchestrate.submitting.code import Code, upload_code
from audiomotion.orchestrate.submitting.environment import kept_back
from audiomotion.orchestrate.submitting.recipes import ShippedCommand, shipped_command
from audiomotion.orchestrate.submitting.submission import Submission, placed
from audiomotion.orchestrate.submitting.submit import (
    amx_entrypoint,
    attempts,
    start_or_attach,
)

_INTERRUPTED = 130


def cluster_address(
    option: str | None, executor: ExecutorName = ExecutorName.ray
) -> Address | None:
    """Return the cluster that a command goes to; None where it runs on this machine.

    Raises:
        ConfigError: No job server is named, or stages are to run in this process.
        ClusterError: Plain http to another machine without a token.
    """
    if executor is ExecutorName.local:
        if option is not None:
            raise ConfigError("--executor local runs in this process; leave --address out")
        return None
    url, notice = chosen_address(option, os.environ)
    if notice:
        errors.say(notice)
    return None if url is None else read_address(url, os.environ)


@dataclass(frozen=True)
class Places:
    """Where the things of a command are, as it was given."""

    store: str
    data_root: Path | None
    recipes: Path | None


def raw_folders(experiments: Iterable[Experiment]) -> tuple[str, ...]:
    """Return the folders below the data root that experiments read."""
    datasets = [experiment.dataset for experiment in experiments]
    return tuple(
        dict.fromkeys(dataset.folder for dataset in datasets if isinstance(dataset, FolderSchema))
    )


def weights_of(parts: Iterable[PartSchema]) -> tuple[str, ...]:
    """Return the hub ids and folders of frozen weights that parts load."""
    named = [getattr(part, key, None) for part in parts for key in ("weights", "vocoder")]
    return tuple(
        dict.fromkeys(name for name in named if name and name not in ("random", OFFICIAL_WORD))
    )


def submit(
    address: Address,
    kind: Literal["ablation", "experiment"],
    title: str,
    arms: Sequence[ResolvedArm],
    options: LaunchOptions,
    recipes: Path | None,
) -> NoReturn:
    """Run a launch as a job of a cluster and follow it.

    Raises:
        ConfigError: A stage is named that the plan has not, or artifacts would be made anew that
            only the cluster can ask about.
        AudiomotionError: What `submit_plan` raises.
    """
    named = [(arm.name, arm.experiment) for arm in arms]
    plan = make_plan(Request(kind, title, named, {}))
    options.refuse_unknown_stages(plan)
    if options.force and not options.yes:
        raise ConfigError("--force makes artifacts of the cluster anew; add --yes to mean it")
    if options.only:
        plan = plan.only(options.only)
    parts = frozen_parts(experiment for _, experiment in named)
    places = Places(options.store, options.data_root, recipes)
    submit_plan(address, plan, kind, title, arms, parts, places, yes=options.yes)


def submit_plan(
    address: Address,
    plan: Plan,
    kind: Literal["ablation", "experiment", "data"],
    title: str,
    arms: Sequence[ResolvedArm],
    parts: Sequence[PartSchema],
    places: Places,
    *,
    yes: bool,
) -> NoReturn:
    """Run this command as a job of a cluster and follow it.

    Args:
        address: Job server of the cluster.
        plan: What is asked for, without the content of data and weights: these are looked at where
            they are read, on the cluster.
        kind: For `amx jobs`.
        title: Axis or experiment.
        arms: What was resolved.
        parts: Parts with weights that the stages load.
        places: Where things are.
        yes: Do not ask before weights are used.

    Raises:
        ClusterError: The cluster does not answer, or some node cannot run it.
        AudiomotionError: The job failed, with the job's own exit code.
    """
    experiments = [arm.experiment for arm in arms]
    confirm_weights(parts, yes=yes)
    wanted = Submission(
        title=title,
        kind=kind,
        dataset=experiments[0].dataset.label,
        arms=tuple(dict.fromkeys(target.arm for target in plan.targets))
        or tuple(dict.fromkeys(arm.name for arm in arms)),
        plan_digest=plan.digest,
        store=places.store,
        data_root=places.data_root,
        data_folders=raw_folders(experiments),
        weights=weights_of(parts),
    )
    submit_command(address, wanted, places.recipes)


def submit_command(address: Address, wanted: Submission, recipes: Path | None) -> NoReturn:
    """Run the command that this process was given as a job, and follow it.

    Raises:
        ClusterError: The cluster does not answer, or some node cannot run it.
        AudiomotionError: The job failed, with the job's own exit code.
    """
    wanted = placed(wanted, address_is_loopback=address.is_loopback)
    wanted.variables(os.environ, wanted.stem)  # raises before anything is sent
    command = shipped_command(sys.argv[1:], recipes)
    jobs = Jobs(address)
    running, _ = attempts(jobs.all(), wanted.stem)
    is_new = False
    arguments = [*command.arguments, "--yes"]
    if running is None:
        code = _checked(jobs, wanted, command)
        running, is_new = start_or_attach(jobs, code, wanted, arguments, os.environ)
    errors.say(f"{'submitted' if is_new else 'attached to'} {running.id}")
    if not is_new:
        errors.say(f"it was submitted by {running.facts['user']} and runs {running.facts['wheel']}")
        if running.entrypoint != amx_entrypoint(arguments):
            errors.say(
                f"it was given other options, which hold: {running.entrypoint}; to change them, "
                f"`amx jobs stop {running.id}` and give this command again"
            )
    follow(jobs, running.id)


def _checked(jobs: Jobs, wanted: Submission, command: ShippedCommand) -> Code:
    """Upload the code and have every node checked with it; return what was uploaded."""
    for name in kept_back(os.environ):
        errors.say(f"{name} is not sent, since a job's variables can be read; nodes need their own")
    errors.say(f"checking the nodes of {jobs.address.url}")
    code = upload_code(jobs, command)
    for notice in code.notices:
        errors.say(notice)
    raise_for_findings(check_cluster(jobs, code, wanted, os.environ), errors.say)
    return code


def follow(jobs: Jobs, submission_id: str) -> NoReturn:
    """Print a job's log until it ends; Ctrl-C leaves the job running.

    Raises:
        AudiomotionError: The job failed, with the job's own exit code.
    """
    try:
        job = jobs.follow(submission_id, print_log_line)
    except KeyboardInterrupt:
        _detach(jobs, submission_id)
    else:
        raise_for(job)
        raise typer.Exit


def _detach(jobs: Jobs, submission_id: str) -> NoReturn:
    """Say how to come back; on a terminal a second Ctrl-C asks whether to stop the job."""
    where = f"--address {jobs.address.url}"
    errors.say(
        f"the job goes on; attach again: amx jobs logs {submission_id} --follow {where}; "
        f"stop it: amx jobs stop {submission_id} {where}"
    )
    if sys.stdin.isatty() and _wants_to_stop():
        errors.say("stopping: stages write their checkpoints first")
        jobs.stop(submission_id)
    raise typer.Exit(_INTERRUPTED)


def _wants_to_stop() -> bool:
    try:
        typer.prompt("Enter leaves it running, Ctrl-C again asks to stop it", default="", err=True)
    except typer.Abort:
        return typer.confirm("\nStop the job?", default=False, err=True)
    return False
