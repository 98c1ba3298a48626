"""The folder that a trained system is saved as: JSON, safetensors and numbers, nothing to unpickle.

config.json           the experiment, the skeleton, the width of the features, what it is
rvq.safetensors       masked.safetensors  residual.safetensors
length.safetensors    where a length estimator was trained
extractor.safetensors where the extractor's weights were imported; others come by their name
stats.npz             mean and deviation of the motion features
README.md             the model card
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from audiomotion.config.experiment import Experiment
from audiomotion.config.extractors import ExtractorSchema
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError, ModelError
from audiomotion.files import read_json, write_json
from audiomotion.generate.system import AudioToMotion
from audiomotion.models.conditioned import (
    ConditionedLength,
    ConditionedMasked,
    ConditionedResidual,
    ConditionEncoder,
    FeatureShape,
)
from audiomotion.models.rvq import RvqVae
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.models.weights import load_weights
from audiomotion.motion.skeleton import SKELETONS, Skeleton

CONFIG: Final = "config.json"
CARD: Final = "README.md"
STATISTICS: Final = "stats.npz"
PARTS: Final = ("rvq", "masked", "residual", "length")
EXTRACTOR: Final = "extractor"
_FORMAT: Final = 1


def weights_file(part: str) -> str:
    """Return the name of the file with a part's weights."""
    return f"{part}.safetensors"


@dataclass(frozen=True)
class SystemConfig:
    """Everything of a saved system but its numbers."""

    experiment: Experiment
    skeleton: Skeleton
    shape: FeatureShape
    """What the frames of its encoder look like."""
    num_length_classes: int
    """Classes of the length estimator; 0 where there is none."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: launch, arm, seed, version."""

    def save(self, folder: Path) -> None:
        """Write `config.json`."""
        content = {
            "format": _FORMAT,
            "about": dict(self.about),
            "skeleton": self.skeleton.name,
            "features": asdict(self.shape),
            "num_length_classes": self.num_length_classes,
            "experiment": self.experiment.model_dump(mode="json"),
        }
        write_json(folder / CONFIG, content)

    @classmethod
    def load(cls, folder: Path) -> "SystemConfig":
        """Read what `save` wrote.

        Raises:
            DataError: There is no such file, or it is of another version.
        """
        path = folder / CONFIG
        content = read_json(path)
        try:
            if content["format"] != _FORMAT:
                raise ValueError(f"format {content['format']}, and this version reads {_FORMAT}")
            return cls(
                Experiment.model_validate_json(json.dumps(content["experiment"])),
                SKELETONS[content["skeleton"]],
                FeatureShape(**content["features"]),
                int(content["num_length_classes"]),
                content["about"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path} is no saved system of this version ({error}); `amx export` makes one"
            ) from error


def load_system(config: SystemConfig, folder: Path) -> AudioToMotion:
    """Return the trained system of a folder, on the CPU.

    Raises:
        DataError: The statistics are missing or damaged.
        ModelError: Weights are missing or damaged.
    """
    experiment = config.experiment
    skeleton = config.skeleton
    rvq = RvqVae(experiment.rvq, skeleton.feature_dim, skeleton.num_joints)
    masked = ConditionedMasked(_encoder(config), experiment.masked, experiment.rvq)
    residual = ConditionedResidual(_encoder(config), experiment.residual, experiment.rvq)
    for name, part in (("rvq", rvq), ("masked", masked), ("residual", residual)):
        load_weights(part, folder / weights_file(name))
    tokenizer = MotionTokenizer(rvq, _statistics(folder, skeleton))
    return AudioToMotion(tokenizer, masked, residual, experiment.generation)


def load_length(config: SystemConfig, folder: Path) -> ConditionedLength | None:
    """Return the length estimator of a folder, on the CPU; None where none was trained.

    Raises:
        ModelError: Its weights are missing or damaged.
    """
    if not config.num_length_classes:
        return None
    estimator = ConditionedLength(_encoder(config), config.num_length_classes)
    load_weights(estimator, folder / weights_file("length"))
    return estimator.eval()


def extractor_config(config: SystemConfig, folder: Path) -> ExtractorSchema:
    """Return the extractor's configuration, with imported weights as the folder's own file."""
    own = folder / weights_file(EXTRACTOR)
    extractor = config.experiment.extractor
    return extractor.model_copy(update={"weights": str(own)}) if own.exists() else extractor


def _encoder(config: SystemConfig) -> ConditionEncoder:
    return ConditionEncoder(config.experiment.used_compressor, config.shape)


def _statistics(folder: Path, skeleton: Skeleton) -> Statistics:
    try:
        stats = Statistics.load(folder)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder / STATISTICS} cannot be read ({error}); export again") from error
    if stats.mean.shape != (skeleton.feature_dim,):
        raise ModelError(f"{folder / STATISTICS} is of another skeleton than {skeleton.name}")
    return stats
