"""A launch in MLflow: one parent run, one child run an arm and seed.

Only the driver talks to MLflow; curves come from the artifacts, in batches, so that a stage that
was computed earlier or elsewhere shows the same curves as one computed now.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from audiomotion.errors import ConfigError
from audiomotion.files import read_json, write_json
from audiomotion.track.access import refusals_explained
from audiomotion.track.limits import (
    CONFIGURATION,
    MAX_TAG,
    METRICS_A_BATCH,
    PARAMS_A_BATCH,
    fitting_name,
    parameters,
    shortened,
)

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run, RunTag

logger = logging.getLogger(__name__)

STATUS: Final = "amx.status"
"""Tag of every run: `running`, the verdict of its arm, or `interrupted`."""

RECORD: Final = "amx runs show"
"""Where a text is whole that a tag cannot hold."""


def default_uri(store_root: Path) -> str:
    """Return MLFLOW_TRACKING_URI, or SQLite beside the artifacts.

    Raises:
        ConfigError: The URI holds a password, which records and messages would show.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if uri and urlsplit(uri).password:
        raise ConfigError(
            "MLFLOW_TRACKING_URI holds a password, which records and messages would show; take it "
            "out and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (for a database "
            "without a server: what its driver reads, such as PGPASSWORD)"
        )
    return uri or f"sqlite:///{store_root.absolute()}/mlflow.db"


# Older MLflow opens its pages for language models without it; newer ones go by the address.
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


def tracked_uri(folder: Path) -> str | None:
    """Return where the launch of `folder` is tracked; None where it never was."""
    path = folder / "mlflow.json"
    return str(read_json(path)["uri"]) if path.exists() else None


class Tracker:
    """Writes one launch; opened again with the same folder it continues the same runs.

    Every method raises ClusterError where the tracking server does not answer or refuses.
    """

    def __init__(self, uri: str, store_root: Path, folder: Path) -> None:
        """Connect, and make the tables of a new SQLite file before anything else needs them.

        Raises:
            ClusterError: The tracking server does not answer or refuses.
        """
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")  # of a server that hangs
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        from mlflow.tracking import MlflowClient

        self.uri = uri
        self._artifacts = (
            store_root.absolute() / "mlartifacts" if uri.startswith("sqlite:") else None
        )
        self._state_path = folder / "mlflow.json"
        self._state = self._read_state()
        # Two launches that make the tables of the same new file at once would both fail.
        with self._server(), _alone(store_root / "mlflow.lock"):
            self._client = MlflowClient(tracking_uri=uri)
            self._client.search_experiments(max_results=1)

    def _read_state(self) -> dict[str, Any]:
        """Return the runs of this launch; those on another server are not continued."""
        new = {"uri": self.uri, "runs": {}}
        state = read_json(self._state_path) if self._state_path.exists() else new
        if state.get("uri") == self.uri:
            return dict(state)
        logger.warning("%s is not where this launch was tracked before", self.uri)
        return new

    def _server(self) -> AbstractContextManager[None]:
        return refusals_explained(self.uri)

    def open_runs(
        self,
        experiment: str,
        name: str,
        tags: Mapping[str, str],
        children: Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]],
    ) -> None:
        """Start, or open again, the parent run and a child for each label.

        Args:
            experiment: MLflow experiment: one an axis and data set.
            name: Name of the parent run.
            tags: Tags of the parent, which every child gets too.
            children: Parameters (nested) and tags of each child, by label.
        """
        with self._server():
            experiment_id = self._experiment(experiment)
            self._state["experiment_id"] = experiment_id
            parent = self._open("", experiment_id, name, tags, {})
            for label, (configuration, own_tags) in children.items():
                child_tags = {**tags, **own_tags, "mlflow.parentRunId": parent}
                self._open(label, experiment_id, label, child_tags, configuration)

    def open_child(
        self, label: str, configuration: Mapping[str, Any], tags: Mapping[str, str]
    ) -> None:
        """Start, or open again, one more child of the parent that `open_runs` has opened.

        Args:
            label: Its name.
            configuration: Its parameters, nested or not.
            tags: All its tags; those of the parent are not added.
        """
        with self._server():
            child_tags = {**tags, "mlflow.parentRunId": self._run("")}
            experiment = self._state["experiment_id"]
            self._open(label, experiment, label, child_tags, configuration)

    def verdict(self, label: str) -> str | None:
        """Return what a run's tag says of it; None where there is no such run, or it is open."""
        with self._server():
            run_id = self._state["runs"].get(label)
            run = None if run_id is None else self._existing(run_id)
            if run is None or run.info.status == "RUNNING":
                return None
            return str(run.data.tags.get(STATUS))

    def _experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        location = (self._artifacts / name).as_uri() if self._artifacts else None
        if (found := self._client.get_experiment_by_name(name)) is None:
            try:
                created = self._client.create_experiment(name, location, _EXPERIMENT_TAGS)
                return str(created)
            except MlflowException:  # another launch was faster, or the server really refuses
                if (found := self._client.get_experiment_by_name(name)) is None:
                    raise
        return str(found.experiment_id)

    def _open(
        self,
        label: str,
        experiment_id: str,
        name: str,
        tags: Mapping[str, str],
        configuration: Mapping[str, Any],
    ) -> str:
        runs: dict[str, str] = self._state["runs"]
        run = self._existing(runs[label]) if label in runs else None
        if run is None:
            own_tags = {tag.key: tag.value for tag in _run_tags({**tags, STATUS: "running"})}
            run = self._client.create_run(experiment_id, run_name=name, tags=own_tags)
            runs[label] = run.info.run_id
            write_json(self._state_path, self._state)
        else:
            self._client.update_run(runs[label], status="RUNNING")
            self._set_tags(runs[label], {STATUS: "running"})
            if "reason" in run.data.tags:
                self._client.delete_tag(runs[label], "reason")
        # Again on opening: a crash may have left some out. MLflow refuses to change the others.
        self._log_parameters(runs[label], configuration, run.data.params)
        return runs[label]

    def _existing(self, run_id: str) -> "Run | None":
        """Return a run; None where it was deleted, or its database was."""
        from mlflow.exceptions import MlflowException

        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return run if run.info.lifecycle_stage == "active" else None

    def _log_parameters(
        self, run_id: str, configuration: Mapping[str, Any], known: Mapping[str, str]
    ) -> None:
        """Write a configuration as parameters; whole as a file where they cannot hold all of it."""
        from mlflow.entities import Param

        found = parameters(configuration)
        new = [Param(key, value) for key, value in found.flat.items() if key not in known]
        if new and not found.is_whole:
            text = json.dumps(configuration, indent=1, ensure_ascii=False, default=str)
            self._client.log_text(run_id, text, CONFIGURATION)
        for start in range(0, len(new), PARAMS_A_BATCH):
            self._client.log_batch(run_id, params=new[start : start + PARAMS_A_BATCH])

    def log_curves(self, label: str, stage: str, points: Sequence[Mapping[str, float]]) -> None:
        """Write the curves of one stage to a child run, but no point twice."""
        run_id = self._run(label)
        with self._server():
            logged = self._client.get_metric_history(run_id, f"{stage}/loss")
            last = max((metric.step for metric in logged), default=-1)
            missing = [point for point in points if point["step"] > last]
            # A call is all or nothing, so whole points a call: a point is there or is not.
            points_a_call = METRICS_A_BATCH // max((len(point) for point in missing), default=1)
            for start in range(0, len(missing), points_a_call):
                metrics = _curve_metrics(stage, missing[start : start + points_a_call])
                self._client.log_batch(run_id, metrics=metrics)

    def log_metrics(
        self, label: str, values: Mapping[str, float], tags: Mapping[str, str] | None = None
    ) -> None:
        """Write final figures, and tags, to a run; the parent's label is the empty string."""
        from mlflow.entities import Metric

        # Of two values at one step MLflow shows the one with the later time.
        now = _now()
        metrics = [
            Metric(fitting_name(name), float(value), now, 0) for name, value in values.items()
        ]
        with self._server():
            for start in range(0, len(metrics), METRICS_A_BATCH):
                batch = metrics[start : start + METRICS_A_BATCH]
                self._client.log_batch(self._run(label), metrics=batch)
            if tags:
                self._set_tags(self._run(label), tags)

    def _set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        own = _run_tags(tags)
        for start in range(0, len(own), PARAMS_A_BATCH):
            self._client.log_batch(run_id, tags=own[start : start + PARAMS_A_BATCH])

    def log_text(self, label: str, text: str, name: str) -> None:
        """Write a text artifact under a fixed name."""
        with self._server():
            self._client.log_text(self._run(label), text, name)

    def describe(self, label: str, text: str, whole_in: str) -> None:
        """Set the description that MLflow shows first, in Markdown.

        Args:
            label: Whose description.
            text: What it says.
            whole_in: Artifact that has all of it, named where it is too long.
        """
        with self._server():
            note = shortened(text, MAX_TAG, whole_in)
            self._client.set_tag(self._run(label), "mlflow.note.content", note)

    def log_file(self, label: str, path: Path, folder: str | None = None) -> None:
        """Write a file as an artifact."""
        with self._server():
            self._client.log_artifact(self._run(label), str(path), folder)

    def log_table(self, columns: Mapping[str, Sequence[Any]], name: str) -> None:
        """Write the comparison to the parent run in the form that MLflow shows as a table."""
        content = {
            "columns": list(columns),
            "data": [list(row) for row in zip(*columns.values(), strict=True)],
        }
        tag = json.dumps([{"path": name, "type": "table"}])
        with self._server():
            self._client.log_text(self._run(""), json.dumps(content), name)
            self._client.set_tag(self._run(""), "mlflow.loggedArtifacts", tag)

    def end(self, label: str, status: str, verdict: str, reason: str = "") -> None:
        """Close a run.

        Args:
            label: Which run.
            status: FINISHED, FAILED or KILLED: MLflow knows no more.
            verdict: What `amx` says of it, as a tag: `done`, `failed`, `skipped`, `interrupted`.
            reason: Why, where it is not done.
        """
        with self._server():
            reasons = {"reason": reason} if reason else {}
            self._set_tags(self._run(label), {STATUS: verdict} | reasons)
            self._client.set_terminated(self._run(label), status)

    def close_open(self) -> int:
        """Close as KILLED every run that is open; return how many there were."""
        closed = 0
        with self._server():
            for run_id in self._state["runs"].values():
                run = self._existing(run_id)
                if run is not None and run.info.status == "RUNNING":
                    self._set_tags(run_id, {STATUS: "interrupted"})
                    self._client.set_terminated(run_id, "KILLED")
                    closed += 1
        return closed

    def labels(self) -> Iterable[str]:
        """Return the labels of all runs, the parent's empty one first."""
        return list(self._state["runs"])

    def run_id(self, label: str) -> str:
        """Return the MLflow id of a run."""
        return self._run(label)

    def _run(self, label: str) -> str:
        return str(self._state["runs"][label])


def _curve_metrics(stage: str, points: Sequence[Mapping[str, float]]) -> "list[Metric]":
    from mlflow.entities import Metric

    now = _now()
    return [
        Metric(f"{stage}/{name}", value, now, int(point["step"]))
        for point in points
        for name, value in point.items()
        if name != "step"
    ]


def _run_tags(tags: Mapping[str, str]) -> "list[RunTag]":
    from mlflow.entities import RunTag

    return [
        RunTag(fitting_name(key), shortened(value, MAX_TAG, RECORD)) for key, value in tags.items()
    ]


def _now() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time through."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
