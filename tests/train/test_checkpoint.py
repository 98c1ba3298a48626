import logging
from pathlib import Path

import pytest
import torch

from audiomotion.train.checkpoint import CheckpointFolder


def state(step):
    """Return a state of about 24 KiB."""
    generator = torch.Generator().manual_seed(step)
    return {"weights": torch.randn(6000, generator=generator), "count": step}


@pytest.fixture
def checkpoints(tmp_path):
    return CheckpointFolder(tmp_path / "checkpoints")


def names(checkpoints: CheckpointFolder) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.iterdir())


def test_there_is_nothing_to_begin_with(checkpoints):
    assert checkpoints.load() is None


def test_the_newest_is_loaded_and_two_are_kept(checkpoints):
    for step in (5, 10, 1000):
        checkpoints.save(step, state(step))
    step, found = checkpoints.load()
    assert step == 1000
    assert found["count"] == 1000
    assert torch.equal(found["weights"], state(1000)["weights"])
    assert names(checkpoints) == ["step-000000010.pt", "step-000001000.pt"]


def test_a_truncated_checkpoint_gives_way_to_the_one_before(checkpoints, caplog):
    checkpoints.save(5, state(5))
    checkpoints.save(10, state(10))
    newest = checkpoints.folder / "step-000000010.pt"
    content = newest.read_bytes()
    for size in [*range(0, len(content), 3 * 1024), 31, 32, 33, len(content) - 1]:
        newest.write_bytes(content[:size])
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            step, found = checkpoints.load()
        assert (step, found["count"]) == (5, 5)
        assert "step-000000010.pt is damaged; using the checkpoint before it" in caplog.text


@pytest.mark.parametrize("place", [0, 1000, -1])
def test_a_changed_byte_is_seen(checkpoints, place):
    checkpoints.save(5, state(5))
    path = checkpoints.folder / "step-000000005.pt"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert checkpoints.load() is None


def test_a_damaged_checkpoint_does_not_take_the_place_of_a_whole_one(checkpoints):
    checkpoints.save(5, state(5))
    checkpoints.save(100, state(100))
    (checkpoints.folder / "step-000000100.pt").write_bytes(b"")
    assert checkpoints.load()[0] == 5
    checkpoints.save(7, state(7))
    checkpoints.save(9, state(9))
    assert names(checkpoints) == ["step-000000007.pt", "step-000000009.pt"]


def test_what_a_killed_process_was_writing_is_cleared_away(tmp_path):
    checkpoints = CheckpointFolder(tmp_path)
    checkpoints.save(5, state(5))
    Path(tmp_path / ".step-000000010.pt.4711.tmp").write_bytes(b"half")
    CheckpointFolder(tmp_path)
    assert names(checkpoints) == ["step-000000005.pt"]


def test_nothing_that_a_checkpoint_holds_is_run(checkpoints):
    class Harmful:
        def __reduce__(self):
            return (pytest.fail, ("it ran",))

    checkpoints.save(5, {"weights": Harmful()})
    with pytest.raises(Exception, match=r"[Ww]eights"):
        checkpoints.load()
