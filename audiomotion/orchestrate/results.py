"""What tables, notes, curves and drawings read, brought to the machine that shows them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from audiomotion.data.utterances import INDEX
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.store import MANIFEST, ArtifactKey, ArtifactStore
from audiomotion.stages.results import (
    CURVES,
    DATASET_REPORT,
    GIVEN,
    KEPT,
    REAL,
    RESULT,
    TRANSCRIPTS,
)

_REPORTS: Final = (RESULT, REAL, GIVEN, CURVES, KEPT, DATASET_REPORT)
"""What stages say of themselves: small beside weights, features and clips."""
_WITH_DATA: Final = ("evaluation", "dataset")
"""Of a launch that drew examples: the generated motions, and the real ones beside them."""


def fetch_reports(store: ArtifactStore, keys: Iterable[ArtifactKey]) -> None:
    """Bring figures, curves and reports of some artifacts; nothing large."""
    store.fetch_files(keys, _REPORTS)


def fetch_results(store: ArtifactStore, record: RunRecord, *, drawn: bool = True) -> None:
    """Bring what the table of a launch is made of, and where it is drawn its motions."""
    fetch_reports(store, _keys(record))
    if drawn:
        examples = [key for key in _keys(record) if key[0] in _WITH_DATA]
        store.fetch_files(examples, ["*"])


def fetch_manifests(store: ArtifactStore, record: RunRecord) -> None:
    """Bring what is recorded of the runs of all stages of a launch's arms."""
    names = ((kind_of(name), key) for arm in record.arms for name, key in arm.fingerprints.items())
    store.fetch_files(dict.fromkeys(names), [MANIFEST])


def kind_of(name: str) -> str:
    """Return the kind of a stage that a record names: `features` of `features-2`."""
    return name.partition("-")[0]


def stage_keys(record: RunRecord, *stages: str) -> list[ArtifactKey]:
    """Return the artifacts of some stages that a launch names, each once, arm by arm.

    Two stages of one kind, as `speak` where training and test instructions differ, both count.
    """
    named = (item for arm in record.arms for item in arm.fingerprints.items())
    keys = ((kind_of(name), key) for name, key in named)
    return list(dict.fromkeys(key for key in keys if key[0] in stages))


def fetch_curves(store: ArtifactStore, record: RunRecord) -> None:
    """Bring the learning curves of a launch."""
    fetch_reports(store, stage_keys(record, "rvq", "masked", "residual"))


def fetch_wordings(store: ArtifactStore, record: RunRecord) -> None:
    """Bring what the instructions of a launch are, and what a cascade heard of them; no audio."""
    store.fetch_files(stage_keys(record, "speak"), [INDEX])
    store.fetch_files(stage_keys(record, "transcribe"), [TRANSCRIPTS])


def fetch_audio(store: ArtifactStore, files: Mapping[str, Iterable[str]]) -> None:
    """Bring a few spoken instructions.

    Args:
        store: Where they are.
        files: By fingerprint of a stage `speak`, the files as its utterances name them.
    """
    for key, names in files.items():
        store.fetch_files([("speak", key)], list(names))


def _keys(record: RunRecord) -> Iterator[ArtifactKey]:
    yield from (("reference", key) for key in record.references)
    for arm in record.arms:
        for name in ("evaluation", "outside", "dataset"):
            if name in arm.fingerprints:
                yield name, arm.fingerprints[name]
