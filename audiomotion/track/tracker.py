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
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiomotion.errors import ClusterError
from audiomotion.files import read_json, write_json

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

logger = logging.getLogger(__name__)

_BATCH = 1000  # metrics a call that MLflow takes
_MAX_PARAM = 6000  # characters of a parameter that MLflow takes


def default_uri(store_root: Path) -> str:
    """Return MLFLOW_TRACKING_URI, or SQLite beside the artifacts."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store_root.absolute()}/mlflow.db"


# Without it MLflow opens its pages for language models instead of training runs.
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

    @contextmanager
    def _server(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            reason = str(error).partition("\n")[0][:500]
            raise ClusterError(
                f"MLflow at {self.uri} cannot be used: {reason}; start it, or unset "
                "MLFLOW_TRACKING_URI"
            ) from error

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
            for label, (parameters, own_tags) in children.items():
                child_tags = {**tags, **own_tags, "mlflow.parentRunId": parent}
                self._open(label, experiment_id, label, child_tags, parameters)

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
        parameters: Mapping[str, Any],
    ) -> str:
        runs: dict[str, str] = self._state["runs"]
        run = self._existing(runs[label]) if label in runs else None
        if run is None:
            run = self._client.create_run(experiment_id, run_name=name, tags=dict(tags))
            runs[label] = run.info.run_id
            write_json(self._state_path, self._state)
        else:
            self._client.update_run(runs[label], status="RUNNING")
            if "reason" in run.data.tags:
                self._client.delete_tag(runs[label], "reason")
        # Again on opening: a crash may have left some out. MLflow refuses to change the others.
        self._log_parameters(runs[label], parameters, run.data.params)
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
        self, run_id: str, parameters: Mapping[str, Any], known: Mapping[str, str]
    ) -> None:
        from mlflow.entities import Param

        flat = [
            Param(key, str(value)[:_MAX_PARAM])
            for key, value in flatten(parameters)
            if key not in known
        ]
        for start in range(0, len(flat), 100):
            self._client.log_batch(run_id, params=flat[start : start + 100])

    def log_curves(self, label: str, stage: str, points: Sequence[Mapping[str, float]]) -> None:
        """Write the curves of one stage to a child run, but no point twice."""
        run_id = self._run(label)
        with self._server():
            logged = self._client.get_metric_history(run_id, f"{stage}/loss")
            last = max((metric.step for metric in logged), default=-1)
            missing = [point for point in points if point["step"] > last]
            # A call is all or nothing, so whole points a call: a point is there or is not.
            points_a_call = _BATCH // max((len(point) for point in missing), default=1)
            for start in range(0, len(missing), points_a_call):
                metrics = _curve_metrics(stage, missing[start : start + points_a_call])
                self._client.log_batch(run_id, metrics=metrics)

    def log_metrics(self, label: str, values: Mapping[str, float]) -> None:
        """Write final figures to a run; the parent's label is the empty string."""
        from mlflow.entities import Metric

        # Of two values at one step MLflow shows the one with the later time.
        metrics = [Metric(name, float(value), _now(), 0) for name, value in values.items()]
        with self._server():
            self._client.log_batch(self._run(label), metrics=metrics)

    def log_text(self, label: str, text: str, name: str) -> None:
        """Write a text artifact under a fixed name."""
        with self._server():
            self._client.log_text(self._run(label), text, name)

    def describe(self, label: str, text: str) -> None:
        """Set the description that MLflow shows first, in Markdown."""
        with self._server():
            self._client.set_tag(self._run(label), "mlflow.note.content", text)

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

    def end(self, label: str, status: str, reason: str = "") -> None:
        """Close a run as FINISHED, FAILED or KILLED."""
        with self._server():
            if reason:
                self._client.set_tag(self._run(label), "reason", reason[:5000])
            self._client.set_terminated(self._run(label), status)

    def close_open(self) -> int:
        """Close as KILLED every run that is open; return how many there were."""
        closed = 0
        with self._server():
            for run_id in self._state["runs"].values():
                run = self._existing(run_id)
                if run is not None and run.info.status == "RUNNING":
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


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of nested mappings as `a.b.c` and value."""
    leaves: list[tuple[str, Any]] = []
    for key, value in content.items():
        path = f"{prefix}{key}"
        leaves += flatten(value, f"{path}.") if isinstance(value, Mapping) else [(path, value)]
    return leaves
