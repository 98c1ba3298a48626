"""What tables, notes, curves and drawings read, brought to the machine that shows them."""

from collections.abc import Iterable, Iterator
from typing import Final

from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.store import MANIFEST, ArtifactKey, ArtifactStore
from audiomotion.stages.results import CURVES, DATASET_REPORT, GIVEN, KEPT, REAL, RESULT

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


def _keys(record: RunRecord) -> Iterator[ArtifactKey]:
    yield from (("reference", key) for key in record.references)
    for arm in record.arms:
        for name in ("evaluation", "outside", "dataset"):
            if name in arm.fingerprints:
                yield name, arm.fingerprints[name]
