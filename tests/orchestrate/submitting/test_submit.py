from dataclasses import replace
from pathlib import Path

import pytest

from audiomotion.errors import ClusterError, ConfigError
from audiomotion.orchestrate.jobs import Job
from audiomotion.orchestrate.submitting.short_job import entrypoint
from audiomotion.orchestrate.submitting.submission import Submission, placed
from audiomotion.orchestrate.submitting.submit import attempts, lost_jobs

ASKED = Submission(
    title="feature extractor+x",
    kind="ablation",
    dataset="demo",
    arms=("a", "b"),
    plan_digest="0" * 64,
    store="amx-store",
    data_root=None,
)


def job(name: str, status: str, exit_code: int | None = None) -> Job:
    return Job(name, status, "", exit_code, started=0.0, ended=None)


def test_the_same_request_has_the_same_id() -> None:
    assert ASKED.stem == replace(ASKED, data_folders=("x",)).stem
    assert ASKED.stem.startswith("amx-feature-extractor-x-")
    assert ASKED.stem != replace(ASKED, plan_digest="1" * 64).stem
    assert ASKED.stem != replace(ASKED, store="s3://bucket/p").stem


def test_what_runs_is_attached_to_and_what_ended_gives_the_next_attempt() -> None:
    ended = [job("amx-x-1-a2", "FAILED", 1), job("amx-x-1-a10", "STOPPED")]
    assert attempts([], "amx-x-1") == (None, 1)
    assert attempts(ended, "amx-x-1") == (None, 11)
    assert attempts([*ended, job("amx-x-12-a1", "RUNNING")], "amx-x-1") == (None, 11)
    running = job("amx-x-1-a11", "PENDING")
    assert attempts([running, *ended], "amx-x-1")[0] is running


def test_a_lost_job_is_named_unless_a_later_attempt_went_on() -> None:
    lost = job("amx-x-1-a1", "FAILED", -9)
    died = job("amx-y-1-a1", "FAILED", None)
    plain = job("amx-z-1-a1", "FAILED", 1)
    assert lost_jobs([plain, died, lost]) == [died, lost]
    assert lost_jobs([job("amx-x-1-a2", "SUCCEEDED", 0), lost]) == []


def test_a_folder_beside_the_command_is_for_a_cluster_on_this_machine_only(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = placed(replace(ASKED, data_root=Path("raw")), address_is_loopback=True)
    assert (here.store, here.data_root) == (str(tmp_path / "amx-store"), tmp_path / "raw")
    assert here.store_is_here
    with pytest.raises(ClusterError, match=r"'amx-store' is a folder of this machine.*s3://"):
        placed(ASKED, address_is_loopback=False)
    with pytest.raises(ConfigError, match="--data-root raw is a folder of this machine"):
        placed(replace(ASKED, store="/s", data_root=Path("raw")), address_is_loopback=False)


@pytest.mark.parametrize("store", ["/shared/store", "s3://bucket/path"])
def test_what_the_nodes_know_stays_as_it_is(store: str) -> None:
    asked = replace(ASKED, store=store, data_root=Path("/raw"), data_folders=("KIT-ML",))
    assert placed(asked, address_is_loopback=False) == asked
    assert asked.raw_data == ("/raw/KIT-ML",)


def test_arguments_are_quoted_and_a_checkout_beside_ray_is_not_imported() -> None:
    command = entrypoint("audiomotion", ["train", "a b", "--set", "x=$HOME"])
    assert command == "exec python -P -m audiomotion train 'a b' --set 'x=$HOME'"
