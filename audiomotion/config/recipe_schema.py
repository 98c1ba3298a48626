"""What a recipe file may hold: an experiment, where it runs, and two keys about the file itself."""

from typing import Literal, Self

from pydantic import model_validator

from audiomotion.config.experiment import Experiment
from audiomotion.config.runtime import SHARED_TRAININGS, Runtime

WeightsPolicy = Literal["pretrained", "random"]


class Recipe(Experiment):
    """One file below `experiments/`."""

    extends: None = None
    """Recipe that this one changes; only in a recipe file, completed before it is checked."""

    weights: WeightsPolicy = "pretrained"
    """Weights of the parts that do not name theirs: the published ones, or random tiny ones."""

    runtime: Runtime = Runtime()
    """Where and how fast it runs."""

    @model_validator(mode="after")
    def _batches_can_be_shared(self) -> Self:
        for stage in SHARED_TRAININGS:
            num_workers = self.runtime.resources(stage).num_workers
            batch_size = getattr(self, stage).training.batch_size
            if batch_size % num_workers:
                raise ValueError(
                    f"runtime.stages.{stage}.num_workers: {num_workers} workers cannot share "
                    f"{stage}.training.batch_size {batch_size} equally; choose a number that "
                    "divides it"
                )
        return self

    def experiment(self) -> Experiment:
        """Return what decides the result."""
        fields = {name: getattr(self, name) for name in Experiment.model_fields}
        return Experiment(**fields)
