"""`amx tune`: find values of a configuration by measuring them on the validation split."""

from typing import Annotated

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.execution import with_contents
from audiomotion.cli.option_groups import with_option_groups
from audiomotion.cli.options import (
    DatasetOption,
    RecipesOption,
    SetOption,
    WeightsOption,
    search_names,
)
from audiomotion.cli.submitting import cluster_address
from audiomotion.cli.tune_options import TuneOptions
from audiomotion.cli.tuned import chosen_system
from audiomotion.cli.tuning import Tuning
from audiomotion.config.given import Given, Origin
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.search import load_search
from audiomotion.orchestrate.store import open_store
from audiomotion.tune.request import make_request


@with_option_groups
def tune(
    search: Annotated[
        str, typer.Argument(help="Name or path of a search.", autocompletion=search_names)
    ],
    dataset: DatasetOption = None,
    arm: Annotated[
        str | None,
        typer.Option("--arm", help="AXIS:ARM to tune; with --run, one of its arms."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Tune what a launch trained: its id.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Seed of the choices; with --run, the training seed too."
        ),
    ] = None,
    sets: SetOption = None,
    weights: WeightsOption = None,
    recipes: RecipesOption = None,
    options: TuneOptions = TuneOptions(),  # noqa: B008
) -> None:
    """Find the best guidance scales, or other values, by measuring them on the validation split.

    Nothing is trained twice: trials share one trained system, or what of their trainings is equal.
    Guidance scales are MoMask's c; the paper's s is c - 1. What won is then measured once on the
    test split. Of a search that was run, `amx tune plots RUN` and `amx tune best RUN` make more.
    """
    config = load_search(search, recipes)
    store = open_store(options.store)
    if cluster_address(None, options.executor) is not None:
        errors.say("amx tune is not sent to a cluster: it runs on this machine")
    name, system, runtime = chosen_system(
        config, store, dataset, arm, run, seed, sets or (), weights, recipes
    )
    resolved = ResolvedArm(name, system, runtime, Given({}, Origin("search")))
    ((_, experiment),) = with_contents(
        [resolved], store, options.data_root, dry_run=options.dry_run
    )
    request = make_request(
        config, name, experiment, seed or 0, force_test_split=options.force_test_split
    )
    Tuning(request, runtime, store, options).run()
