import time
from dataclasses import asdict

import numpy as np
import pytest

from audiomotion.orchestrate.progress import ProgressFile, read_progress
from audiomotion.orchestrate.resources import Meter, Used, helper_counts, without_helpers


def work(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        np.random.default_rng(0).random(1000).sum()


def test_work_counts_and_waiting_does_not():
    meter = Meter("cpu")
    time.sleep(0.2)
    before = meter.used().cpu_seconds
    work(0.1)
    assert before < 0.1 <= meter.used().cpu_seconds
    assert (meter.used().gpu_seconds, meter.used().peak_gpu_bytes) == (0.0, None)


def test_workers_that_share_a_batch_count_all():
    meter = Meter("cpu", num_workers=3)
    work(0.1)
    assert meter.used().cpu_seconds >= 0.3


def test_the_peak_is_that_of_the_stage_and_not_of_one_before():
    large = 200 * 2**20
    whole = np.ones(large, np.uint8)
    del whole
    meter = Meter("cpu")
    start = meter.used().peak_host_bytes
    if start is None:
        pytest.skip("this system does not forget a peak")
    part = np.ones(large // 2, np.uint8)
    del part
    taken = meter.used().peak_host_bytes - start
    assert large // 2 * 0.9 < taken < large * 0.9


def test_attempts_add_up_and_the_largest_memory_counts():
    first, second = Used(1.0, 2.0, 30, None), Used(10.0, 20.0, 7, 5)
    assert second.after(first) == Used(11.0, 22.0, 30, 5)
    assert second.after(Used()) == second


def test_what_is_not_recorded_is_none_and_what_is_not_known_is_passed_over():
    assert Used.of({}) == Used(0.0, 0.0, None, None)
    assert Used.of({"cpu_seconds": 2.0, "of_a_later_version": 1}) == Used(2.0)


def test_what_helpers_took_is_added_and_is_no_count_of_the_stage():
    counts = {"items": 3.0, **helper_counts(Used(4.0, 5.0, 6, 7))}
    assert without_helpers(counts) == {"items": 3.0}
    assert Used(1.0, 2.0, 3, None).with_helpers(counts) == Used(5.0, 7.0, 3, None)
    assert Used(1.0).with_helpers({"items": 3.0}) == Used(1.0)


def test_progress_keeps_what_was_taken_for_the_next_attempt(tmp_path):
    path = tmp_path / "progress.json"
    first = ProgressFile(path, Meter("cpu"))
    work(0.05)
    first.report(1, 1, {})
    kept = Used.of(read_progress(path).used)
    assert kept.cpu_seconds >= 0.05
    assert ProgressFile(path).used == kept
    later = ProgressFile(path, Meter("cpu")).used
    assert later.cpu_seconds >= kept.cpu_seconds
    assert set(asdict(later)) == set(read_progress(path).used)


@pytest.mark.gpu
def test_a_gpu_that_is_held_counts_by_its_share():
    import torch

    meter = Meter("cuda", 0.5)
    size = 64 * 2**20
    held = torch.ones(size, dtype=torch.uint8, device="cuda")
    time.sleep(0.2)
    used = meter.used()
    del held
    assert 0.1 <= used.gpu_seconds < 1
    assert used.peak_gpu_bytes >= size
