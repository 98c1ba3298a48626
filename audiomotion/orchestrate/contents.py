"""What a plan fills into an experiment: which data, which weights, as digests of their content.

So a fingerprint changes with the numbers behind a path or a word, and not only with the name.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from audiomotion.config.checkpoints import CheckpointConfig
from audiomotion.config.experiment import Experiment
from audiomotion.config.official import CHECKPOINT_OF, OFFICIAL_WORD
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.schema import Schema
from audiomotion.config.speech import PretrainedSpeechSchema
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.errors import ModelError
from audiomotion.orchestrate.importing import ImportedCheckpoint, find_imported
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.pretrained.weights_facts import weights_facts

logger = logging.getLogger(__name__)

_WEIGHT_FILES: Final = (
    *("*.safetensors", "*.bin", "*.pth", "*.npy"),
    *("*.json", "*.txt", "*.model", "*/config.json"),
)
_PLACES: Final = ("weights", "vocoder", "speakers")
"""Keys that name a hub id or a folder, the weights themselves first."""


def with_weights(experiment: Experiment, cache: Path | None) -> Experiment:
    """Return the experiment with what its frozen weights are: digests of folders, revisions.

    A hub id without a revision gets that which its facts were read from; where there is none, a
    warning says that another upload would not be noticed.

    Args:
        experiment: Any experiment; parts with random weights, or none, stay as they are.
        cache: Folder for digests of files that have not changed; None writes nothing.
    """
    sections = ["text_encoder"] if experiment.condition == "text" else ["extractor", "speech"]
    if experiment.test_text == "transcripts":
        sections += ["recognizer", "speech"]
    changed = {}
    for section in sections:
        part = getattr(experiment, section)
        if isinstance(part, PretrainedSchema | PretrainedSpeechSchema):
            changed[section] = part.model_copy(update=_identity(section, part, cache))
    return experiment.model_copy(update=changed)


def _identity(
    section: str, part: PretrainedSchema | PretrainedSpeechSchema, cache: Path | None
) -> dict[str, str | None]:
    """Return what a plan fills into a part with weights."""
    if part.weights in ("random", OFFICIAL_WORD):
        return {}
    filled: dict[str, str | None] = {}
    places = [Path(given).expanduser() for key in _PLACES if (given := getattr(part, key, None))]
    record = None if cache is None else cache / "weights" / f"{part.name}.json"
    digests = [_digest(place, record) for place in places if place.exists()]
    if digests:
        filled["content"] = (
            digests[0]
            if len(digests) == 1
            else hashlib.sha256("".join(digests).encode()).hexdigest()
        )
    if not places[0].exists():
        filled["revision"] = part.revision or _known_revision(section, part.weights)
    return filled


def _digest(place: Path, record: Path | None) -> str:
    folder, files = (place, _WEIGHT_FILES) if place.is_dir() else (place.parent, (place.name,))
    return fingerprint_folder(folder, record, files)


def _known_revision(section: str, hub_id: str) -> str | None:
    facts = weights_facts(hub_id)
    revision = facts.revision if facts is not None else None
    if revision is None:
        logger.warning(
            "%s.weights %r has no revision: other weights uploaded under that name would not be "
            "noticed; give %s.revision",
            *(section, hub_id, section),
        )
    return revision


def with_imported(experiment: Experiment, store: ArtifactStore) -> Experiment:
    """Return the experiment with the content of every `official` weight it asks for.

    Raises:
        ModelError: Something was not imported, or there are several; the message has all of it.
    """
    problems: list[str] = []
    changed: dict[str, Schema] = {}
    for section, field, wanted in _wanted(experiment):
        part: Schema = changed.get(section) or getattr(experiment, section)
        chosen = getattr(part, field) or ""
        found = [
            one
            for one in find_imported(store, wanted.what, wanted.dataset)
            if one.config.sha256.startswith(chosen)
        ]
        if len(found) != 1:
            problems.append(f"{section}: {_which(wanted, found, f'{section}.{field}', store)}")
            continue
        problems += [f"{section}: {problem}" for problem in _other_sizes(part, found[0])]
        changed[section] = part.model_copy(update={field: found[0].config.sha256})
    if problems:
        raise ModelError("\n".join(problems))
    return experiment.model_copy(update=changed)


def _which(
    wanted: CheckpointConfig, found: Sequence[ImportedCheckpoint], key: str, store: ArtifactStore
) -> str:
    """Say what to do where not exactly one import fits."""
    if not found:
        return (
            f"{wanted} was not imported into {store.location}; get the files from their authors, "
            f"then {wanted.import_command}"
        )
    several = ", ".join(one.config.sha256[:12] for one in found)
    return (
        f"{wanted} was imported {len(found)} times ({several}), and `official` must mean one; say "
        f"which: {key}: {found[-1].config.sha256[:12]}"
    )


def _other_sizes(part: Schema, imported: ImportedCheckpoint) -> Iterator[str]:
    """Yield every size that the imported network has and the configuration has not."""
    for name, size in imported.record.get("sizes", {}).items():
        configured = getattr(part, name, size)
        if configured not in (size, None):
            yield f"the imported weights have {name} {size}, not {configured}; set {name}: {size}"


def _wanted(experiment: Experiment) -> Iterator[tuple[str, str, CheckpointConfig]]:
    """Yield section, field to fill, and what to look for, of every official weight."""
    dataset = experiment.dataset.published_as
    for section, what in CHECKPOINT_OF.items():
        if getattr(experiment, section).weights == OFFICIAL_WORD:
            yield section, "checkpoint", CheckpointConfig(what=what, dataset=dataset, sha256="")
    if experiment.evaluator.word_vectors == "glove":
        yield "evaluator", "words", CheckpointConfig(what="word-vectors", sha256="")
    if experiment.condition == "audio" and experiment.extractor.weights_label == OFFICIAL_WORD:
        yield "extractor", "content", CheckpointConfig(what="imagebind-audio", sha256="")
