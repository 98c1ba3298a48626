import pytest

from audiomotion.orchestrate.progress import ProgressFile, StageProgress, read_progress


def test_there_is_a_file_as_soon_as_a_stage_starts(tmp_path):
    ProgressFile(tmp_path / "progress.json")
    found = read_progress(tmp_path / "progress.json")
    assert found is not None
    assert (found.step, found.total, found.seconds_left) == (0, 0, None)


def test_the_last_step_is_always_written(tmp_path):
    progress = ProgressFile(tmp_path / "progress.json")
    for step in range(1, 101):
        progress.report(step, 100, {"loss": step / 2})
    found = read_progress(tmp_path / "progress.json")
    assert found is not None
    assert (found.step, found.total, found.values) == (100, 100, {"loss": 50.0})
    assert found.rate > 0
    assert found.seconds_left == 0


def test_a_step_soon_after_another_is_not_written(tmp_path):
    progress = ProgressFile(tmp_path / "progress.json")
    progress.report(1, 100, {})
    found = read_progress(tmp_path / "progress.json")
    assert found is not None
    assert found.total == 0


def test_the_time_of_earlier_attempts_counts(tmp_path):
    path = tmp_path / "progress.json"
    path.write_text('{"step": 5, "total": 9, "elapsed": 100.0, "rate": 1.0, "values": {}}')
    assert ProgressFile(path).elapsed == pytest.approx(100, abs=1)


@pytest.mark.parametrize("content", ["", '{"step": 1', "[]", '{"pace": 1}'])
def test_a_damaged_file_counts_as_none(tmp_path, content):
    path = tmp_path / "progress.json"
    path.write_text(content)
    assert read_progress(path) is None
    assert ProgressFile(path).elapsed < 1


def test_no_file_is_no_progress(tmp_path):
    assert read_progress(tmp_path / "progress.json") is None


def test_time_left_follows_from_the_rate():
    assert StageProgress(step=30, total=50, rate=4.0).seconds_left == 5
