"""Which parameters decide, by what sets the best trials apart."""

import warnings
from typing import Final

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from audiomotion.config.search import SearchConfig
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.space import Space
from audiomotion.tune.study import distribution_of
from audiomotion.tune.tested import given_experiment

FEWEST: Final = 10
"""Finished trials below which the shares would be chance."""


def importances(record: TuneRecord) -> dict[str, float]:
    """Return each parameter's share in the first objective; nothing where trials are too few.

    Parameters that only some trials have, and those with one value, take no part.
    """
    done = [trial for trial in record.trials if trial.status == "done"]
    if len(done) < FEWEST:
        return {}
    space = Space(SearchConfig.model_validate(dict(record.search)), given_experiment(record))
    known = {parameter.path: distribution_of(parameter) for parameter in space.parameters}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    direction = StudyDirection[record.objectives[0]["direction"].upper()]
    study = optuna.create_study(direction=direction)
    for trial in done:
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                value=trial.values[0],
                params=dict(trial.params),
                distributions={path: known[path] for path in trial.params},
            )
        )
    # fANOVA, which is Optuna's own choice, needs a forest of another library.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {path: float(share) for path, share in shares.items()}
