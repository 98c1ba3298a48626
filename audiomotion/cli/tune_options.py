"""What `amx tune` is told about running a search, apart from what is in it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    DryRunOption,
    ExecutorName,
    ExecutorOption,
    JsonOption,
    MaxGpuHoursOption,
    ProbeOption,
    StoreOption,
    YesOption,
)


@dataclass(frozen=True)
class TuneOptions:
    """How much of a search is run, where, and what it may cost."""

    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="Trials in all; more of it goes on.")
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, metavar="SECONDS", help="Begin no trial after that time."),
    ] = None
    max_gpu_hours: MaxGpuHoursOption = None
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Trials at a time; as many as fit, if not given."),
    ] = None
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="Database of the study, for Optuna's tools."),
    ] = None
    force_test_split: Annotated[
        bool,
        typer.Option("--force-test-split", help="Tune on the test split; it is said everywhere."),
    ] = False
    train: Annotated[
        bool,
        typer.Option("--train/--no-train", help="Train first what is missing, or refuse to."),
    ] = True
    store: StoreOption = DEFAULT_STORE
    data_root: DataRootOption = None
    executor: ExecutorOption = ExecutorName.ray
    probe: ProbeOption = False
    dry_run: DryRunOption = False
    as_json: JsonOption = False
    yes: YesOption = False
    test: Annotated[
        bool,
        typer.Option("--test/--no-test", help="Measure what won once on the test split, or not."),
    ] = True
