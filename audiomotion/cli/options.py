"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audiomotion.config.recipes import list_recipes


class ExecutorName(StrEnum):
    """How stages are run."""

    local = "local"
    ray = "ray"


class Weights(StrEnum):
    """Which extractor weights are used."""

    pretrained = "pretrained"
    random = "random"


def experiment_names(incomplete: str) -> list[str]:
    """Return the experiments that a name may become: completion in a shell."""
    return [name for name in list_recipes("experiments") if name.startswith(incomplete)]


def search_names(incomplete: str) -> list[str]:
    """Return the searches that a name may become."""
    return [name for name in list_recipes("tune") if name.startswith(incomplete)]


def axis_names(incomplete: str) -> list[str]:
    """Return the axes that a name may become: completion in a shell."""
    return [name for name in list_recipes("ablations") if name.startswith(incomplete)]


ExperimentArgument = Annotated[
    str, typer.Argument(help="Name or path of a recipe.", autocompletion=experiment_names)
]
AxesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="AXIS...",
        help="Name or path of an axis; of several, every combination of arms.",
        autocompletion=axis_names,
    ),
]
AxesOption = Annotated[
    list[str] | None,
    typer.Option("--axis", metavar="AXIS", help="One more axis.", autocompletion=axis_names),
]
DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="Experiment to vary.", autocompletion=experiment_names),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set one key; may be repeated."),
]
SeedsOption = Annotated[
    int, typer.Option("--seeds", min=1, help="Training seeds 0, 1, ... of every arm.")
]
RecipesOption = Annotated[
    Path | None, typer.Option("--recipes", help="Folder of your own recipes.")
]
WeightsOption = Annotated[
    Weights | None,
    typer.Option("--weights", help="Extractor weights, whatever the recipe says."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the plan, run nothing.")]
RetryFailedOption = Annotated[
    bool,
    typer.Option("--retry-failed", help="Train again what is known to diverge."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ProbeOption = Annotated[
    bool,
    typer.Option("--probe", help="Make a few steps of trainings whose time is not known."),
]
MaxGpuHoursOption = Annotated[
    float | None,
    typer.Option(
        "--max-gpu-hours",
        min=0,
        help="Refuse a plan that is expected to take more; when they are used up, start nothing.",
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="STAGE", help="Run up to this stage; may be repeated."),
]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force",
        metavar="STAGE",
        help="Compute this stage again, and all that builds on it; may be repeated.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="AMX_STORE", help="Artifact store: a folder or a URL."),
]
DataRootOption = Annotated[
    Path | None,
    typer.Option("--data-root", envvar="AMX_DATA_ROOT", help="Folder of the raw data sets."),
]
ExecutorOption = Annotated[
    ExecutorName,
    typer.Option("--executor", help="ray: stages in parallel; local: in this process."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        help="Job server of a Ray cluster, http://HEAD:8265; RAY_ADDRESS otherwise.",
    ),
]
DEFAULT_STORE = "amx-store"
