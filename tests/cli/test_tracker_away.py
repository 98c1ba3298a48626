"""The tracking server goes away in mid-run and does not come back in time."""

from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.cli.closing import close_dead_launches
from audiomotion.files import read_json, write_json
from audiomotion.orchestrate.store import open_store
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


def test_a_dead_launch_whose_tracking_server_is_gone_stops_no_other(
    damaged: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for folder in (damaged / "runs").iterdir():
        record, state = read_json(folder / "run.json"), read_json(folder / "mlflow.json")
        write_json(folder / "run.json", record | {"status": "running"})
        write_json(folder / "mlflow.json", state | {"uri": "http://127.0.0.1:9"})
    close_dead_launches(open_store(str(damaged)), "sqlite://")
    said = capsys.readouterr().err
    assert "had died; it is marked as interrupted" in said
    assert "MLflow at http://127.0.0.1:9 cannot be used" in said
    assert "`amx doctor` closes its runs there later" in said
