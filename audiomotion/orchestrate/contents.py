"""What a plan fills into an experiment: which data, which weights, as digests of their content.

So a fingerprint changes with the numbers behind a path or a word, and not only with the name.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from audiomotion.config.checkpoints import CheckpointConfig
from audiomotion.config.experiment import Experiment
from audiomotion.config.official import CHECKPOINT_OF
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.schema import Schema
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.errors import ModelError
from audiomotion.orchestrate.importing import ImportedCheckpoint, find_imported
from audiomotion.orchestrate.store import ArtifactStore

_WEIGHT_FILES: Final = ("*.safetensors", "*.bin", "*.pth", "*.json", "*.txt", "*/config.json")
_OFFICIAL: Final = "official"


def with_weights(experiment: Experiment, cache: Path | None) -> Experiment:
    """Return the experiment with the digest of the folder that its encoder is loaded from.

    Args:
        experiment: Any experiment; one with a hub id or random weights is returned as it is.
        cache: Folder for digests of files that have not changed; None writes nothing.
    """
    section = "text_encoder" if experiment.condition == "text" else "extractor"
    encoder = getattr(experiment, section)
    if not isinstance(encoder, PretrainedSchema):
        return experiment
    place = Path(encoder.weights).expanduser()
    if not place.exists() or encoder.weights == _OFFICIAL:
        return experiment
    folder, files = (place, _WEIGHT_FILES) if place.is_dir() else (place.parent, (place.name,))
    record = None if cache is None else cache / "weights" / f"{encoder.name}.json"
    content = fingerprint_folder(folder, record, files)
    return experiment.model_copy(update={section: encoder.model_copy(update={"content": content})})


def with_imported(experiment: Experiment, store: ArtifactStore) -> Experiment:
    """Return the experiment with the content of every `official` weight it asks for.

    Raises:
        ModelError: Something was not imported, or there are several; the message has all of it.
    """
    problems: list[str] = []
    changed: dict[str, Schema] = {}
    for section, field, wanted in _wanted(experiment):
        found = find_imported(store, wanted.what, wanted.dataset)
        if len(found) == 1:
            part: Schema = changed.get(section) or getattr(experiment, section)
            changed[section] = part.model_copy(update={field: found[0].config.sha256})
        else:
            problems.append(f"{section}: {_which(wanted, found, store)}")
    if problems:
        raise ModelError("\n".join(problems))
    return experiment.model_copy(update=changed)


def _which(
    wanted: CheckpointConfig, found: Sequence[ImportedCheckpoint], store: ArtifactStore
) -> str:
    """Say what to do where not exactly one import fits."""
    if not found:
        return (
            f"{wanted} was not imported into {store.root}; get the files from their authors, then "
            f"{wanted.import_command}"
        )
    several = ", ".join(one.artifact.fingerprint[:12] for one in found)
    return (
        f"{wanted} was imported {len(found)} times ({several}), and `official` must mean one; "
        f"delete the folders of the others below {store.artifact_root / 'checkpoint'}"
    )


def _wanted(experiment: Experiment) -> Iterator[tuple[str, str, CheckpointConfig]]:
    """Yield section, field to fill, and what to look for, of every official weight."""
    dataset = experiment.dataset.published_as
    for section, what in CHECKPOINT_OF.items():
        if getattr(experiment, section).weights == _OFFICIAL:
            yield section, "checkpoint", CheckpointConfig(what=what, dataset=dataset, sha256="")
    if experiment.evaluator.word_vectors == "glove":
        yield "evaluator", "words", CheckpointConfig(what="word-vectors", sha256="")
    if experiment.condition == "audio" and experiment.extractor.weights_label == _OFFICIAL:
        yield "extractor", "content", CheckpointConfig(what="imagebind-audio", sha256="")
