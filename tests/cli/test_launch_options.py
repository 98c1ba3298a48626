import pytest

from audiomotion.cli.launch_options import LaunchOptions
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.forecast import forecast
from audiomotion.orchestrate.launch import Request, make_plan
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.slots import Slots
from audiomotion.orchestrate.store import ArtifactStore

ON_GPUS = Runtime.model_validate({"stages": {"masked": {"gpus": 0.5}}})


@pytest.fixture
def used_up(tmp_path):
    """Return a launch that has used two GPU-hours."""
    store = ArtifactStore(tmp_path)
    store.prepare()
    folder = RunFolder(store, "run")
    folder.path.mkdir()
    (folder.path / "gpu-time.json").write_text('{"gpu_seconds": 7200}')
    return store, folder


@pytest.fixture(scope="module")
def stages():
    arms = [(arm.name, arm.experiment) for arm in resolve("demo")]
    plan = make_plan(Request("experiment", "demo", arms, {}))
    return {stage.name: stage for stage in plan.stages.values()}


def budget(used_up):
    store, folder = used_up
    nothing = forecast([], store, ON_GPUS, Slots(4))
    return LaunchOptions(max_gpu_hours=1).budget(ON_GPUS, nothing, folder)


def test_a_budget_binds_on_a_cluster_whose_head_has_no_gpu(used_up, stages, monkeypatch):
    monkeypatch.setenv("AMX_JOB", "amx-demo-1-a1")
    limit = budget(used_up)
    assert "--max-gpu-hours" in limit.refusal(stages["masked"])
    assert limit.refusal(stages["speak"]) is None


def test_a_machine_without_gpus_uses_none(used_up, stages):
    assert budget(used_up).refusal(stages["masked"]) is None
