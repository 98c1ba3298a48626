"""Records of launches against what is true: a driver that died could not close its own."""

from collections.abc import Iterator

from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.records import RunFolder, all_runs, close_dead_runs
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.track.tracker import Tracker, default_uri, tracked_uri


def reconcile(store: ArtifactStore) -> Iterator[str]:
    """Close records, and runs in MLflow, of launches that nobody runs; yield what was closed.

    Runs of other stores on the same tracking server are left alone.

    Raises:
        ClusterError: A tracking server does not answer; the records are closed by then.
    """
    for folder in close_dead_runs(store):
        yield f"launch {folder.id} had died; its record says `interrupted` now"
    problems = []
    for record in all_runs(store):
        folder = RunFolder(store, record.id)
        if record.status == "running" or tracked_uri(folder.path) is None:
            continue
        try:
            if num_closed := _tracker(store, folder).close_open():
                yield f"launch {record.id}: {num_closed} runs that were open in MLflow are closed"
        except AudiomotionError as error:
            problems.append(error)
    if problems:
        raise problems[0]


def _tracker(store: ArtifactStore, folder: RunFolder) -> Tracker:
    uri = tracked_uri(folder.path) or default_uri(store.root)
    return Tracker(uri, store.root, folder.path)
