"""The tracking server goes away in mid-run and does not come back in time."""

from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.files import read_json
from audiomotion.report import patient
from tests.cli.command_line import train
from tests.orchestrate.processes import Meanwhile, wait_until


def test_what_was_not_tracked_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results are there and the command says what is not; again it computes nothing."""
    monkeypatch.setattr(patient, "PATIENCE_SECONDS", 1.0)
    store, kept = tmp_path / "store", tmp_path / "kept.db"

    def damage() -> None:
        wait_until(lambda: any(store.glob("work/*/scratch/curves*")), "the first training")
        content = (store / "mlflow.db").read_bytes()
        kept.write_bytes(content)
        (store / "mlflow.db").write_bytes(b"no database" * (len(content) // 11))

    damaging = Meanwhile(damage)
    damaging.start()
    ended = train(store)
    damaging.finish()
    assert ended.code == 4, ended.err
    assert "the launch is done and its results are in the store" in ended.problems[-1]
    assert "real motion" in ended.out
    assert "the launch goes on; this is written later" in ended.err
    (store / "mlflow.db").write_bytes(kept.read_bytes())
    again = train(store)
    assert (again.code, again.out) == (0, ended.out)
    assert "start  " not in again.err
    (state,) = (read_json(path) for path in store.glob("runs/*/mlflow.json"))
    client = MlflowClient(tracking_uri=state["uri"])
    runs = {label: client.get_run(run_id) for label, run_id in state["runs"].items()}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs["tiny/seed0"].data.metrics["rvq/loss"] > 0
    assert "nothing to compute" in train(store).err
