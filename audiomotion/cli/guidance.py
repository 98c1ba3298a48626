"""`--guidance`: a launch with the sampling that a search found."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audiomotion.cli.console import errors
from audiomotion.config.resolve import ResolvedArm
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import RunFolder, all_runs
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.guidance import CONVENTION
from audiomotion.tune.recipe import best_params
from audiomotion.tune.record import TuneRecord, load_record

if TYPE_CHECKING:
    from audiomotion.config.experiment import Experiment

BEST = "best"
"""In place of a run: the newest finished search of the data set."""

_SAMPLING = "generation."
"""What a setting's path begins with that changes no training."""

GuidanceOption = Annotated[
    str | None,
    typer.Option(
        "--guidance",
        metavar="RUN|best",
        help="Sampling that a search found: its run, or the data set's newest.",
    ),
]


def guided(
    guidance: str | None,
    ask: Callable[..., list[ResolvedArm]],
    sets: Sequence[str],
    store: ArtifactStore,
) -> list[str]:
    """Return what is to be set: what was told, and where that is silent what a search found.

    Args:
        guidance: Run of a search, `best`, or None.
        ask: Resolves the command's arms, from what `--set` says.
        sets: What `--set` says.
        store: Where runs are.

    Raises:
        ConfigError: There is no such search, or it is of another data set; or arms differ in what
            it found, which then would no longer be an arm's own.
    """
    if guidance is None:
        return list(sets)
    experiments = [arm.experiment for arm in ask(sets=sets)]
    dataset = experiments[0].dataset.label
    record = _newest(dataset, store) if guidance == BEST else _named(guidance, dataset, store)
    told = {one.partition("=")[0] for one in sets}
    found = {path: value for path, value in _sampling(record).items() if path not in told}
    _refuse_varied(experiments, found)
    shown = ", ".join(f"{path}={value}" for path, value in found.items())
    errors.say(f"--guidance: {shown or 'nothing that --set leaves open'}, from {record.id}")
    errors.say(CONVENTION)
    if record.forced_test_split:
        errors.say(f"{record.id} was tuned on the test split: what is measured on it is no test")
    return [*(f"{path}={json.dumps(value)}" for path, value in found.items()), *sets]


def _sampling(record: TuneRecord) -> dict[str, Any]:
    """Return the values that won, of sampling: others belong to what was trained with them."""
    params = best_params(record)
    return {path: value for path, value in params.items() if path.startswith(_SAMPLING)}


def _named(run: str, dataset: str, store: ArtifactStore) -> TuneRecord:
    record = load_record(RunFolder(store, find_search(run, store)).path)
    if record.dataset != dataset:
        raise ConfigError(
            f"--guidance {run}: {record.id} is of {record.dataset}, and the launch of {dataset}"
        )
    if not _sampling(record):
        raise ConfigError(f"--guidance {run}: {record.id} varied no sampling")
    return record


def _newest(dataset: str, store: ArtifactStore) -> TuneRecord:
    for run in all_runs(store):
        if run.kind != "tune" or run.status != "done" or run.dataset != dataset:
            continue
        record = load_record(RunFolder(store, run.id).path)
        if record.winner is not None and not record.forced_test_split and _sampling(record):
            return record
    raise ConfigError(
        f"--guidance best: no finished search of {dataset} is in {store.location}; run "
        "`amx tune cfg` on it first, or give guidance scales with --set"
    )


def find_search(run: str, store: ArtifactStore) -> str:
    """Return the id of a search that is given by it, or by its beginning.

    Raises:
        ConfigError: There is none, or several.
    """
    return find_run(run, [record for record in all_runs(store) if record.kind == "tune"]).id


def _refuse_varied(experiments: Sequence["Experiment"], found: Mapping[str, Any]) -> None:
    values = [experiment.model_dump(mode="json") for experiment in experiments]
    varied = [path for path in found if len({repr(_at(one, path)) for one in values}) > 1]
    if varied:
        raise ConfigError(
            f"--guidance: arms differ in {', '.join(varied)}, which it would set alike for all; "
            "leave it out"
        )


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values[key]
    return values
