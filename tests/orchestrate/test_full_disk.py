import json
import os
import subprocess
import sys

import pytest

from tests.orchestrate.processes import REPOSITORY

_MOUNT = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
_SCRIPT = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Fill a file system of 1 MiB, in a process that has mounts of its own."""
    disk = str(tmp_path_factory.mktemp("disk"))
    try:
        subprocess.run([*_MOUNT, _SCRIPT, disk, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine lets no process mount a file system of its own: {error}")
    done = subprocess.run(
        [*_MOUNT, _SCRIPT, disk, sys.executable, "-m", "tests.orchestrate.small_disk", disk],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_stage_on_a_full_disk_leaves_nothing_half_written(story):
    stage = story["stage"]
    assert stage["said"].endswith("the disk is full; free some space and run it again")
    assert stage["left"] == []
    assert not stage["found"]


def test_with_room_again_the_stage_continues_from_its_scratch(story):
    assert story["stage"]["shards"] == 2


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(story):
    checkpoint = story["checkpoint"]
    assert "step-000000002.pt: the disk is full" in checkpoint["said"]
    assert checkpoint["files"] == ["step-000000001.pt"]
    assert checkpoint["step"] == 1


def test_a_record_that_does_not_fit_stays_as_it_was(story):
    checkpoint = story["checkpoint"]
    assert "record.json: the disk is full" in checkpoint["also_said"]
    assert checkpoint["record"] == "old"
    assert checkpoint["left"] == []


def test_an_import_that_does_not_fit_leaves_nothing_and_works_with_room_again(story):
    told = story["import"]
    assert told["said"].endswith("the disk is full; free some space and run it again")
    assert told["left"] == []
    assert told["new"]
    assert told["problems"] == []
