"""`amx doctor`: whether this machine, or a cluster, can run a launch, and what to do if not."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    DataRootOption,
    JsonOption,
    RecipesOption,
    StoreOption,
    experiment_names,
)
from audiomotion.cli.submitting import cluster_address, raw_folders, weights_of
from audiomotion.cli.weights import frozen_parts
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.errors import AudiomotionError, ClusterError, DataError, ModelError, failure_with
from audiomotion.orchestrate.jobs import Jobs
from audiomotion.orchestrate.store import open_store
from audiomotion.orchestrate.submitting.address import Address
from audiomotion.orchestrate.submitting.checking import check_cluster
from audiomotion.orchestrate.submitting.code import upload_code
from audiomotion.orchestrate.submitting.environment import kept_back
from audiomotion.orchestrate.submitting.node import Questions, gpu_names, node_facts
from audiomotion.orchestrate.submitting.recipes import ShippedCommand
from audiomotion.orchestrate.submitting.shared_store import is_url, remove_marks
from audiomotion.orchestrate.submitting.short_job import answer_of, entrypoint
from audiomotion.orchestrate.submitting.submission import Submission, placed
from audiomotion.orchestrate.submitting.submit import lost_jobs
from audiomotion.orchestrate.submitting.verdict import ClusterFacts, Finding, Topic, judge

_EXIT_CODES: dict[Topic, int] = {"data": DataError.exit_code, "weights": ModelError.exit_code}


def doctor(
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            help="Experiment whose data and weights it needs.",
            autocompletion=experiment_names,
        ),
    ] = None,
    recipes: RecipesOption = None,
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    address: AddressOption = None,
    only_records: Annotated[bool, typer.Option("--only-records", hidden=True)] = False,
    as_json: JsonOption = False,
) -> None:
    """Check cluster, versions, store, tracker, data, weights, disk and GPUs, and close what died.

    Exit code: 4 where the machines or the store fail, 3 for data, 5 for weights.
    """
    arms = resolve(dataset, recipes_dir=recipes) if dataset else []
    asked = _asked([arm.experiment for arm in arms], store, data_root)
    if only_records:
        findings = list(_records(store))
    elif (cluster := cluster_address(address)) is not None:
        findings = list(_cluster_findings(cluster, asked))
    else:
        findings = list(_local_findings(asked))
    _print(findings, as_json=as_json)
    if failing := [finding for finding in findings if finding.grade == "fail"]:
        message = f"{len(failing)} of {len(findings)} checks fail"
        raise failure_with(_exit_code(failing), message)


def _asked(experiments: Sequence[Experiment], store: str, data_root: Path | None) -> Submission:
    return Submission(
        title="doctor",
        kind="probe",
        dataset=experiments[0].dataset.label if experiments else "",
        arms=(),
        plan_digest="",
        store=store,
        data_root=data_root,
        data_folders=raw_folders(experiments),
        weights=weights_of(frozen_parts(experiments)),
    )


def _exit_code(failing: Sequence[Finding]) -> int:
    codes = [_EXIT_CODES.get(finding.topic, ClusterError.exit_code) for finding in failing]
    return ClusterError.exit_code if ClusterError.exit_code in codes else codes[0]


def _print(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in findings], indent=1, ensure_ascii=False))
        return
    for finding in findings:
        typer.echo(f"{finding.grade:<5} {finding.topic:<9} {finding.text}")


def _local_findings(asked: Submission) -> Iterator[Finding]:
    """Yield what is to say of this machine."""
    folder = Path(asked.store).absolute()
    is_there = is_url(asked.store) or folder.is_dir()
    if not is_there:
        yield _new_store(folder)
    store = asked.store if is_url(asked.store) else str(folder) if is_there else ""
    questions = Questions(
        nonce=f"doctor-{os.getpid()}",
        store=store,
        data_folders=asked.raw_data,
        weights=asked.weights,
    )
    facts = node_facts("here", float(len(gpu_names())), questions)
    remove_marks(questions.store, questions.nonce, ["here"])
    yield from judge(ClusterFacts((facts,), {}, ()), questions)
    yield from _no_data_root(asked)
    if is_there:
        yield from _records(asked.store)


def _no_data_root(asked: Submission) -> Iterator[Finding]:
    if asked.data_root is None and asked.data_folders:
        text = f"{asked.dataset} is read from a folder; give --data-root or AMX_DATA_ROOT"
        yield Finding("data", "fail", text)


def _new_store(folder: Path) -> Finding:
    parent = next(path for path in folder.parents if path.is_dir())
    if not folder.exists() and os.access(parent, os.W_OK):
        return Finding("store", "ok", f"{folder}: not there yet, will be made")
    return Finding("store", "fail", f"{folder} cannot be made in {parent}; choose another --store")


def _records(store: str) -> Iterator[Finding]:
    """Close what nobody runs any more; yield what was closed."""
    from audiomotion.report.reconciling import reconcile

    num_closed = 0
    try:
        for closed in reconcile(open_store(store)):
            num_closed += 1
            yield Finding("records", "warn", closed)
    except AudiomotionError as error:
        yield Finding("records", "fail", str(error))
    else:
        if not num_closed:
            yield Finding("records", "ok", "no launch is open that nobody runs")


def _cluster_findings(address: Address, asked: Submission) -> Iterator[Finding]:
    """Yield what is to say of a cluster."""
    jobs = Jobs(address)
    secret = "with a token" if address.token else "without a token"
    yield Finding("address", "ok", f"{address.url} answers {secret}: Ray {jobs.ray_version}")
    for name in kept_back(os.environ):
        yield Finding("address", "warn", f"{name} is set here and never sent; nodes need their own")
    for job in lost_jobs(jobs.all()):
        yield Finding("records", "warn", f"job {job.id} was lost; its command continues it")
    try:
        asked = placed(asked, address_is_loopback=address.is_loopback)
    except AudiomotionError as error:
        yield Finding("store", "fail", str(error))
        asked = replace(asked, store="")
    code = upload_code(jobs, ShippedCommand((), {}))
    for notice in code.notices:
        yield Finding("versions", "warn", notice)
    findings = check_cluster(jobs, code, asked, os.environ)
    yield from findings
    yield from _no_data_root(asked)
    topics = {finding.topic for finding in findings if finding.grade == "fail"}
    if asked.store and not topics & {"nodes", "versions", "store"}:
        command = entrypoint("audiomotion", ["doctor", "--only-records", "--json"])
        name = f"amx-probe-records-{secrets.token_hex(6)}"
        variables = asked.variables(os.environ, name)
        for row in answer_of(jobs, code, name, command, variables):
            yield Finding(**row)
