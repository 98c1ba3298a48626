"""`--tune-guidance`: the scales of each arm are searched on the validation split beforehand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audiomotion.cli.console import errors
from audiomotion.cli.execution import with_contents
from audiomotion.cli.launch_options import LaunchOptions
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.search import load_search
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.guidance import CONVENTION

SEARCH = "cfg"
"""The shipped search of both scales."""


def tuned_arms(
    arms: Sequence[ResolvedArm],
    store: ArtifactStore,
    options: LaunchOptions,
    trials: int | None,
    recipes: Path | None,
) -> list[ResolvedArm]:
    """Return the arms with the scales that are best for each of them.

    Every arm has the same number of trials with the same draws, so that none loses by scales that
    suit another. Where an arm has several training seeds, its first one is searched for all.

    Raises:
        ConfigError: An arm has no winner.
    """
    from audiomotion.cli.tune_options import TuneOptions
    from audiomotion.cli.tuning import Tuning
    from audiomotion.tune.recipe import best_params
    from audiomotion.tune.request import make_request
    from audiomotion.tune.space import Space

    search = load_search(SEARCH, recipes)
    asked = TuneOptions(
        trials=trials,
        store=options.store,
        data_root=options.data_root,
        executor=options.executor,
        max_gpu_hours=options.max_gpu_hours,
        yes=options.yes,
        test=False,
    )
    firsts = {arm.name: arm for arm in reversed(arms)}
    found = {}
    for name in dict.fromkeys(arm.name for arm in arms):
        errors.say(f"{name}: {trials or search.trials} trials for its guidance scales")
        first = firsts[name]
        ((_, experiment),) = with_contents([first], store, options.data_root, dry_run=False)
        request = make_request(search, name, experiment, 0)
        found[name] = best_params(Tuning(request, first.runtime, store, asked).found())
    errors.say(CONVENTION)
    return [
        replace(arm, experiment=Space(search, arm.experiment).experiment(found[arm.name]))
        for arm in arms
    ]


def refuse_with(options: LaunchOptions, guidance: str | None, *, cluster: bool) -> None:
    """Refuse what cannot go with `--tune-guidance`.

    Raises:
        ConfigError: Scales are given already, the command goes to a cluster, or only some stages
            are asked for.
    """
    if guidance is not None:
        raise ConfigError(
            "--tune-guidance searches the scales that --guidance gives; leave one out"
        )
    if cluster:
        raise ConfigError(
            "--tune-guidance runs on this machine, and the command goes to a cluster; tune first "
            "(amx tune cfg --arm AXIS:ARM), or leave --address and RAY_ADDRESS out"
        )
    if options.only:
        raise ConfigError("--tune-guidance is for launches that measure; leave --only out")
