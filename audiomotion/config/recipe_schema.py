"""What a recipe file may hold: an experiment, where it runs, and two keys about the file itself."""

from typing import Literal

from audiomotion.config.experiment import Experiment
from audiomotion.config.runtime import Runtime

WeightsPolicy = Literal["pretrained", "random"]


class Recipe(Experiment):
    """One file below `experiments/`."""

    extends: None = None
    """Recipe that this one changes; only in a recipe file, completed before it is checked."""

    weights: WeightsPolicy = "pretrained"
    """Weights of the parts that do not name theirs: the published ones, or random tiny ones."""

    runtime: Runtime = Runtime()
    """Where and how fast it runs."""

    def experiment(self) -> Experiment:
        """Return what decides the result."""
        fields = {name: getattr(self, name) for name in Experiment.model_fields}
        return Experiment(**fields)
