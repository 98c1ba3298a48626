"""What is tuned: one search, one system, one yardstick."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from audiomotion.config.experiment import Experiment
from audiomotion.config.search import SearchConfig
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.launch import stage_fingerprints
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.system import SystemStages
from audiomotion.tune.objective import Objective
from audiomotion.tune.space import Space


@dataclass(frozen=True)
class TuneRequest:
    """A search over one system."""

    search: SearchConfig
    label: str
    """What is tuned: the experiment's name, or an arm's."""
    experiment: Experiment
    """It, with contents filled in, measured as trials are."""
    seed: int
    """Of the choice of values; the draws of a measurement are the protocol's."""
    as_given: Experiment
    """The experiment as its recipe has it measured: on the test split, with all repeats."""
    forced_test_split: bool = False

    @cached_property
    def evaluation(self) -> EvaluationStage:
        """The measurement of the experiment's own values; trials change its generation alone."""
        return SystemStages(self.experiment).evaluation

    @property
    def target(self) -> Target:
        """What every trial reads, as an arm of a plan."""
        return Target(self.label, self.experiment.seed, self.evaluation)

    @cached_property
    def needed(self) -> Plan:
        """Everything that must be there before the first trial.

        A search that trains has nothing to wait for: each trial's plan has it all.
        """
        wanted = {} if self.search.trains else self.evaluation.inputs
        return Plan((), list(wanted.values()))

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Of the stages that trials read."""
        found = stage_fingerprints(self.target)
        return {name: key for name, key in found.items() if key in self.needed.stages}

    @property
    def space(self) -> Space:
        """What is varied."""
        return Space(self.search, self.experiment)

    @property
    def objective(self) -> Objective:
        """By what trials are judged."""
        return Objective(self.search.objective)

    @cached_property
    def id(self) -> str:
        """Name of the run; the same search on the same system has the same, however long it is."""
        asked: dict[str, Any] = {
            "search": self.search.model_dump(mode="json", exclude={"trials", "question"}),
            "evaluation": self.evaluation.fingerprint,
            "seed": self.seed,
        }
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return f"tune-{self.search.name}-{self.experiment.dataset.label}-{digest[:8]}"


def make_request(
    search: SearchConfig,
    label: str,
    experiment: Experiment,
    seed: int,
    *,
    force_test_split: bool = False,
) -> TuneRequest:
    """Return what a search over an experiment is.

    It is measured on the validation split, with the search's repeats; MultiModality, which costs
    more than all else, only where it is looked at.

    Raises:
        ConfigError: The search asks for the test split, and nobody forces that.
    """
    if search.split == "test" and not force_test_split:
        raise ConfigError(
            f"{search.name}: split test: what is tuned on the test split cannot be tested on it; "
            "use split: val, or --force-test-split, which is said wherever the figures stand"
        )
    split = "test" if force_test_split else "val"
    changed: dict[str, Any] = {"split": split, "repeats": search.repeats}
    if "multimodality" not in search.objective.needed:
        changed["multimodality_captions"] = 0
    protocol = experiment.evaluation.model_copy(update=changed)
    measured = experiment.model_copy(update={"evaluation": protocol})
    search = search.model_copy(update={"split": split})
    return TuneRequest(search, label, measured, seed, experiment, force_test_split)
