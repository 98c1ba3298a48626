"""The Optuna study: one process asks and tells; it is made anew from the journal if need be."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import optuna
import sqlalchemy
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from audiomotion.errors import ClusterError, first_line
from audiomotion.seeds import derive_seed
from audiomotion.tune.objective import Objective, means
from audiomotion.tune.space import Parameter, Space
from audiomotion.tune.trial import Trial

logger = logging.getLogger(__name__)

DATABASE = "study.db"
"""The database, in the run's folder, where `--storage` names no other."""

_STATES: Final = {
    "running": TrialState.RUNNING,
    "done": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_POPULATION: Final = 20
"""Of NSGA-II; Optuna's 50 would be a quarter of a search before the first selection."""


class Study:
    """Chooses the values of trials.

    A sampler is made for every choice, with a seed that depends on the study's seed and the trial's
    number alone: what is chosen follows from the trials before it, whether or not the process that
    asks is the one that asked before.
    """

    def __init__(
        self,
        name: str,
        space: Space,
        objective: Objective,
        sampler: str,
        seed: int,
        storage: "str | Path | None" = None,
    ) -> None:
        """Take what to choose from; `open` comes next.

        Args:
            name: Of the study in its database.
            space: The parameters.
            objective: Whose goals the study has.
            sampler: `tpe`, `nsga2` or `random`.
            seed: Of every choice.
            storage: A file of our own, an RDB URL that others may share, or None for memory.
        """
        self.name = name
        self.space = space
        self.objective = objective
        self._kind = sampler
        self._seed = seed
        self._place = storage
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("optuna").setLevel(logging.WARNING)

    def open(self, trials: Sequence[Trial]) -> bool:
        """Open the database; where it does not hold exactly these trials make it anew.

        Returns whether it was made anew although there were trials.

        Raises:
            ClusterError: The database that `--storage` names cannot be used.
        """
        try:
            self._connect()
            fits = self._fits(trials)
        except Exception as error:  # SQLite and SQLAlchemy raise many kinds; the journal has it all
            if not isinstance(self._place, Path):
                raise ClusterError(
                    f"--storage: the database cannot be used: {first_line(error)}; look whether "
                    "it is there, or leave --storage out"
                ) from error
            logger.warning("%s is damaged, and made anew from the journal", self._place)
            self._discard_file(self._place)
            self._connect()
            fits = False
        if not fits:
            self._rebuild(trials)
        return bool(trials) and not fits

    def _connect(self) -> None:
        self._storage = _storage(self._place)
        directions = [goal.direction for goal in self.objective.goals]
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=self.name,
            directions=directions,
            load_if_exists=True,
        )

    def _discard_file(self, path: Path) -> None:
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()

    def _fits(self, trials: Sequence[Trial]) -> bool:
        kept = self._study.get_trials(deepcopy=False)
        return len(kept) == len(trials) and all(
            _told(frozen) == _told(self._frozen(trial))
            for frozen, trial in zip(kept, trials, strict=True)
        )

    def _rebuild(self, trials: Sequence[Trial]) -> None:
        if self._study.get_trials(deepcopy=False):
            optuna.delete_study(study_name=self.name, storage=self._storage)
            self._connect()
        for trial in trials:
            self._study.add_trial(self._frozen(trial))

    def ask(self, *, first: dict[str, Any] | None = None) -> Trial:
        """Choose the values of the next trial.

        Args:
            first: Values of the very first trial, where they are known beforehand.
        """
        number = len(self._study.get_trials(deepcopy=False))
        if number == 0 and first is not None:
            trial = Trial(0, first, first, {})
            self._study.add_trial(self._frozen(trial))
            return trial
        self._study.sampler = self._sampler(number)
        asked = self._study.ask()
        params: dict[str, Any] = {}
        for parameter in self.space.parameters:
            if self.space.is_active(parameter, self.space.exact(params)):
                params[parameter.path] = _suggested(asked, parameter)
        kept = self._study.get_trials(deepcopy=False)[number]
        return Trial(asked.number, params, self.space.exact(params), dict(kept.system_attrs))

    def tell(self, trial: Trial) -> None:
        """Tell how a trial ended."""
        frozen = self._frozen(trial)
        key = self._storage.get_trial_id_from_study_id_trial_number(
            self._storage.get_study_id_from_name(self.name), trial.number
        )
        for name, value in frozen.system_attrs.items():
            self._storage.set_trial_system_attr(key, name, value)
        for step, value in frozen.intermediate_values.items():
            self._storage.set_trial_intermediate_value(key, step, value)
        values = frozen.values if trial.status == "done" else None  # of a pruned one it knows them
        self._study.tell(trial.number, values, state=frozen.state)

    def _frozen(self, trial: Trial) -> FrozenTrial:
        """Return a trial as Optuna has it."""
        values: Sequence[float] | None = trial.values or None
        reached: dict[int, float] = {}
        if trial.status == "pruned" and len(self.objective.goals) == 1:
            values = self.objective.values(means(trial.repeats))
            reached = {len(trial.repeats) - 1: values[0]}
        known = {parameter.path: parameter for parameter in self.space.parameters}
        return create_trial(
            state=_STATES[trial.status],
            values=values if trial.status in ("done", "pruned") else None,
            params=dict(trial.params),
            distributions={path: distribution_of(known[path]) for path in trial.params},
            system_attrs=dict(trial.attributes),
            intermediate_values=reached,
            constraints=trial.violations or None,
        )

    def _sampler(self, number: int) -> BaseSampler:
        seed = derive_seed("tune", self._seed, number) % 2**32
        if self._kind == "random":
            return RandomSampler(seed=seed)
        if self._kind == "nsga2":
            return NSGAIISampler(seed=seed, population_size=_POPULATION)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return TPESampler(seed=seed, multivariate=True, group=self.space.has_conditions)


def _suggested(trial: optuna.Trial, parameter: Parameter) -> Any:
    distribution = distribution_of(parameter)
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(parameter.path, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            parameter.path,
            distribution.low,
            distribution.high,
            step=distribution.step,
            log=distribution.log,
        )
    return trial.suggest_float(
        parameter.path,
        distribution.low,
        distribution.high,
        step=distribution.step,
        log=distribution.log,
    )


def distribution_of(
    parameter: Parameter,
) -> CategoricalDistribution | IntDistribution | FloatDistribution:
    """Return what Optuna calls the values that a parameter may take."""
    if parameter.kind == "choice":
        return CategoricalDistribution(parameter.choices)
    step, log = parameter.config.step, parameter.config.log
    if parameter.kind == "integer":
        low, width = int(parameter.low), int(step or 1)
        last = low + (int(parameter.high) - low) // width * width
        return IntDistribution(low, last, log=log, step=width)
    high = parameter.high
    if step is not None:  # the last value that the steps reach; Optuna would warn, and do the same
        high = parameter.exact(parameter.low + int((high - parameter.low) / step + 1e-9) * step)
    return FloatDistribution(parameter.low, high, log=log, step=step)


def _storage(place: "str | Path | None") -> optuna.storages.BaseStorage:
    if place is None:
        return optuna.storages.InMemoryStorage()
    if not isinstance(place, Path):
        return optuna.storages.RDBStorage(place)
    storage = optuna.storages.RDBStorage(f"sqlite:///{place}")
    # Every value is a transaction of its own, and what a crash takes is in the journal.
    sqlalchemy.event.listen(storage.engine, "connect", _do_not_sync)
    storage.engine.dispose()
    return storage


def _do_not_sync(connection: Any, record: object) -> None:
    del record
    connection.execute("PRAGMA synchronous = OFF")


def _told(trial: FrozenTrial) -> tuple[object, ...]:
    return (trial.state, trial.params, trial.values, trial.constraints, trial.distributions)
