"""Published files, read and checked, ready to be imported."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from audiomotion.config.checkpoints import CheckpointConfig, CheckpointKind, DatasetName
from audiomotion.data.statistics import Statistics
from audiomotion.data.word_vectors import (
    DATA_FILE,
    INDEX_FILE,
    WORDS_FILE,
    read_published_vectors,
    save_word_vectors,
)
from audiomotion.errors import ModelError
from audiomotion.extract.imagebind_trunk import HUGE, AudioBranch
from audiomotion.files import file_digest, write_atomic
from audiomotion.models.official.fitting import expected_shapes, fitted
from audiomotion.models.official.parts import OfficialPart, read_part
from audiomotion.models.official.reading import read_checkpoint, tensors_of
from audiomotion.orchestrate.importing import Importable, content_digest
from audiomotion.pretrained.weights_facts import weights_facts
from audiomotion.stages.results import WEIGHTS

_IMAGEBIND_FILE: Final = "imagebind_huge.pth"
_DATA_LICENCES: Final[dict[DatasetName, str]] = {
    "humanml3d": "HumanML3D, whose motion is AMASS's: non-commercial research only",
    "kit": "the KIT Motion-Language data set: see its terms",
}
_GLOVE_LICENCE: Final = "a selection of GloVe's vectors (PDDL 1.0), published with code under MIT"


def importable_part(
    place: Path, what: CheckpointKind, dataset: DatasetName | None, meta: Path | None
) -> Importable:
    """Read a part of MoMask, or the evaluator; see `read_part`."""
    part = read_part(place, what, dataset, meta)
    config = CheckpointConfig(what=what, dataset=part.dataset, sha256=_part_digest(part))
    statistics = part.statistics
    record = {
        **_tensor_facts(part.tensors, part.passed_over),
        "sizes": dict(part.sizes),
        "statistics": None if statistics is None else str(statistics.folder.absolute()),
        "source": _source(part.source),
        "licence": f"published with code under MIT; trained on {_DATA_LICENCES[part.dataset]}",
    }
    return Importable(config, record, lambda folder: _write(folder, part.tensors, statistics))


def importable_word_vectors(folder: Path) -> Importable:
    """Read the published word vectors; see `read_published_vectors`."""
    vocabulary, vectors = read_published_vectors(folder)
    digest = content_digest({"vectors": vectors}, vocabulary.words)
    record = {
        "sizes": {"num_words": len(vocabulary), "word_dim": vectors.shape[1]},
        "source": [_source(folder / name) for name in (DATA_FILE, WORDS_FILE, INDEX_FILE)],
        "licence": _GLOVE_LICENCE,
    }
    return Importable(
        CheckpointConfig(what="word-vectors", sha256=digest),
        record,
        lambda output: save_word_vectors(output, vocabulary, vectors),
    )


def importable_imagebind(path: Path) -> Importable:
    """Read the audio branch out of ImageBind's checkpoint, or out of its folder.

    Raises:
        ModelError: The file is missing, damaged, carries code, or lacks tensors.
    """
    path = path / _IMAGEBIND_FILE if path.is_dir() else path
    found = tensors_of(path, "its names", read_checkpoint(path))
    audio = {name: tensor for name, tensor in found.items() if _is_audio(name)}
    if not audio:
        raise ModelError(
            f"{path} has no tensor of an audio branch; give ImageBind's {_IMAGEBIND_FILE}"
        )
    with torch.device("meta"):
        shapes = expected_shapes(AudioBranch(HUGE))
    tensors = fitted(path, audio, shapes, "audio branch of ImageBind")
    facts = weights_facts(_IMAGEBIND_FILE)
    assert facts is not None
    record = {
        **_tensor_facts(tensors, len(found) - len(audio)),
        "sizes": {"width": HUGE.width, "num_blocks": HUGE.num_blocks},
        "source": _source(path),
        "licence": f"{facts.licence}: no commercial use, and what is made of it alike",
    }
    config = CheckpointConfig(what="imagebind-audio", sha256=content_digest(_arrays(tensors)))
    return Importable(config, record, lambda folder: _write(folder, tensors, None))


def _is_audio(name: str) -> bool:
    return name.split(".")[1:2] == ["audio"]


def _part_digest(part: OfficialPart) -> str:
    arrays = _arrays(part.tensors)
    if part.statistics is not None:
        # No tensor of a network has such a name.
        arrays |= {"meta/mean": part.statistics.mean, "meta/std": part.statistics.std}
    return content_digest(arrays)


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def _tensor_facts(tensors: Mapping[str, Tensor], passed_over: int) -> dict[str, int]:
    return {
        "num_tensors": len(tensors),
        "num_parameters": sum(tensor.numel() for tensor in tensors.values()),
        "passed_over": passed_over,
    }


def _source(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": file_digest(path)}


def _write(folder: Path, tensors: Mapping[str, Tensor], statistics: Statistics | None) -> None:
    write_atomic(folder / WEIGHTS, lambda file: file.write(save(dict(tensors))))
    if statistics is not None:
        statistics.save(folder)
