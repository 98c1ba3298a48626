"""A launch in MLflow: one parent run, one child run an arm and seed.

Only the driver talks to MLflow; curves come from the artifacts, in batches, so that a stage that
was computed earlier or elsewhere shows the same curves as one computed now.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audiomotion.errors import ClusterError
from audiomotion.files import read_json, write_json

_BATCH = 1000  # metrics a call that MLflow takes
_MAX_PARAM = 6000  # characters of a parameter that MLflow takes


def default_uri(store_root: Path) -> str:
    """Return MLFLOW_TRACKING_URI, or SQLite beside the artifacts."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store_root.absolute()}/mlflow.db"


class Tracker:
    """Writes one launch; opened again with the same folder it continues the same runs."""

    def __init__(self, uri: str, store_root: Path, folder: Path) -> None:
        """Connect, and make the tables of a new SQLite file before anything else needs them.

        Raises:
            ClusterError: The tracking server does not answer or refuses.
        """
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient

        self.uri = uri
        self._artifacts = (
            store_root.absolute() / "mlartifacts" if uri.startswith("sqlite:") else None
        )
        self._state_path = folder / "mlflow.json"
        self._state: dict[str, Any] = (
            read_json(self._state_path) if self._state_path.exists() else {"runs": {}}
        )
        try:
            self._client = MlflowClient(tracking_uri=uri)
            self._client.search_experiments(max_results=1)
        except (MlflowException, OSError) as error:
            raise ClusterError(
                f"MLflow at {uri} cannot be used: {error}; start it, or unset MLFLOW_TRACKING_URI"
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
        experiment_id = self._experiment(experiment)
        self._state["experiment_id"] = experiment_id
        parent = self._open("", experiment_id, name, tags, {})
        for label, (parameters, own_tags) in children.items():
            child_tags = {**tags, **own_tags, "mlflow.parentRunId": parent}
            self._open(label, experiment_id, label, child_tags, parameters)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = f"file://{self._artifacts}/{name}" if self._artifacts else None
        return str(self._client.create_experiment(name, artifact_location=location))

    def _open(
        self,
        label: str,
        experiment_id: str,
        name: str,
        tags: Mapping[str, str],
        parameters: Mapping[str, Any],
    ) -> str:
        runs: dict[str, str] = self._state["runs"]
        if label in runs:
            self._client.update_run(runs[label], status="RUNNING")
        else:
            run = self._client.create_run(experiment_id, run_name=name, tags=dict(tags))
            runs[label] = run.info.run_id
            write_json(self._state_path, self._state)
        # Again on opening: the same values are accepted, and a crash may have left them out.
        self._log_parameters(runs[label], parameters)
        return runs[label]

    def _log_parameters(self, run_id: str, parameters: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        flat = [Param(key, str(value)[:_MAX_PARAM]) for key, value in flatten(parameters)]
        for start in range(0, len(flat), 100):
            self._client.log_batch(run_id, params=flat[start : start + 100])

    def log_curves(self, label: str, stage: str, points: Sequence[Mapping[str, float]]) -> None:
        """Write the curves of one stage to a child run; points that are there already are skipped."""
        from mlflow.entities import Metric

        run_id = self._run(label)
        logged = self._client.get_metric_history(run_id, f"{stage}/loss")
        last = max((metric.step for metric in logged), default=-1)
        metrics = [
            Metric(f"{stage}/{name}", value, 0, int(point["step"]))
            for point in points
            if point["step"] > last
            for name, value in point.items()
            if name != "step"
        ]
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(run_id, metrics=metrics[start : start + _BATCH])

    def log_metrics(self, label: str, values: Mapping[str, float]) -> None:
        """Write final figures to a run; the parent's label is the empty string."""
        from mlflow.entities import Metric

        metrics = [Metric(name, float(value), 0, 0) for name, value in values.items()]
        self._client.log_batch(self._run(label), metrics=metrics)

    def log_text(self, label: str, text: str, name: str) -> None:
        """Write a text artifact under a fixed name."""
        self._client.log_text(self._run(label), text, name)

    def log_file(self, label: str, path: Path, folder: str | None = None) -> None:
        """Write a file as an artifact."""
        self._client.log_artifact(self._run(label), str(path), folder)

    def log_table(self, columns: Mapping[str, Sequence[Any]], name: str) -> None:
        """Write the comparison to the parent run in the form that MLflow shows as a table."""
        content = {
            "columns": list(columns),
            "data": [list(row) for row in zip(*columns.values(), strict=True)],
        }
        self._client.log_text(self._run(""), json.dumps(content), name)
        tag = json.dumps([{"path": name, "type": "table"}])
        self._client.set_tag(self._run(""), "mlflow.loggedArtifacts", tag)

    def end(self, label: str, status: str, reason: str = "") -> None:
        """Close a run as FINISHED, FAILED or KILLED."""
        if reason:
            self._client.set_tag(self._run(label), "reason", reason[:5000])
        self._client.set_terminated(self._run(label), status)

    def labels(self) -> Iterable[str]:
        """Return the labels of all runs, the parent's empty one first."""
        return list(self._state["runs"])

    def run_id(self, label: str) -> str:
        """Return the MLflow id of a run."""
        return self._run(label)

    def _run(self, label: str) -> str:
        return str(self._state["runs"][label])


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of nested mappings as `a.b.c` and value."""
    leaves: list[tuple[str, Any]] = []
    for key, value in content.items():
        path = f"{prefix}{key}"
        leaves += flatten(value, f"{path}.") if isinstance(value, Mapping) else [(path, value)]
    return leaves
