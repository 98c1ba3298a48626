"""How long stages take, from the artifacts that are there."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median

from audiomotion.orchestrate.store import ArtifactStore


def recorded_seconds(store: ArtifactStore) -> Mapping[str, float]:
    """Return the median recorded time of each kind of stage; kinds never run are absent."""
    times: dict[str, list[float]] = defaultdict(list)
    for artifact in store.artifacts():
        times[str(artifact.manifest["stage"])].append(artifact.seconds)
    return {name: median(values) for name, values in times.items()}
