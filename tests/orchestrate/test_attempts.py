import pytest

from audiomotion.config.runtime import Resources
from audiomotion.orchestrate.attempts import Attempts
from audiomotion.orchestrate.failures import Failure
from tests.orchestrate.toy import note

STAGE = note("a")


@pytest.fixture
def scratch(store):
    scratch = store.work_folder(STAGE.fingerprint) / "scratch"
    (scratch / "checkpoints").mkdir(parents=True)
    return scratch


def test_a_stage_that_never_gets_further_is_given_up(store, scratch):
    attempts = Attempts(store)
    assert attempts.after_loss(STAGE, "n1", "WorkerCrashedError") is None
    (scratch / "checkpoints" / ".step-7.pt.3.tmp").touch()  # half a checkpoint is none
    assert attempts.after_loss(STAGE, "n2", "WorkerCrashedError") is None
    failure = attempts.after_loss(STAGE, "n1", "NodeDiedError")
    assert failure is not None
    assert (failure.kind, failure.exit_code) == ("lost", 4)
    assert "lost 3 times in a row without progress (NodeDiedError)" in failure.reason


def test_a_stage_that_gets_further_is_never_given_up(store, scratch):
    attempts = Attempts(store)
    for step in range(10):
        assert attempts.after_loss(STAGE, None, "NodeDiedError") is None
        (scratch / "checkpoints" / f"step-{step}.pt").touch()
        (scratch / "checkpoints" / f"step-{step - 2}.pt").unlink(missing_ok=True)


def test_the_node_that_lost_a_stage_is_avoided(store):
    attempts = Attempts(store)
    assert attempts.avoided(STAGE) == ()
    attempts.after_loss(STAGE, "n1", "WorkerCrashedError")
    assert attempts.avoided(STAGE) == ("n1",)


@pytest.mark.parametrize(
    ("kind", "gpus", "alone"),
    [("gpu_memory", 0.5, "gpu"), ("host_memory", 0.5, "node"), ("gpu_memory", 0, "node")],
)
def test_exhausted_memory_gets_one_more_try_alone(store, kind, gpus, alone):
    attempts, asked = Attempts(store), Resources(cpus=2, gpus=gpus)
    assert attempts.alone(STAGE, asked) is None
    failure = Failure(STAGE, "out of memory", kind=kind)
    assert attempts.after_exhaustion(STAGE, failure, asked) is None
    assert attempts.alone(STAGE, asked) == alone
    final = attempts.after_exhaustion(STAGE, failure, asked)
    assert final is not None
    assert final.kind == kind
    assert "runtime.stages.note asks for 2 CPU cores" in final.reason
    assert "lower the batch size yourself: it changes the result" in final.reason
