"""A training whose machine is lost goes on, on a machine that shares no disk with it."""

import json

from audiomotion.orchestrate.progress import ProgressFile
from audiomotion.orchestrate.store import PROGRESS, verify
from audiomotion.orchestrate.worker import ShardHelper
from audiomotion.stages.results import CURVES
from audiomotion.stages.shards import Shards
from audiomotion.train.curves import read_curves
from tests.orchestrate.killing import Victim, trained, undisturbed
from tests.orchestrate.processes import Driver, kill_all, wait_until
from tests.orchestrate.toy import SHARED, note, trainings


def steps(names):
    return [int(name.rpartition("step-")[2][:9]) for name in names if "step-" in name]


class Copies:
    """What the storage has of the scratch folder of a run."""

    def __init__(self, storage, nodes, stage):
        self._files = storage.files()
        self._folder = f"{nodes.location}/work/{stage.fingerprint}".removeprefix("s3://")

    def index(self):
        names = [name for name in self._files.find(self._folder) if name.endswith("index.json")]
        return json.loads(self._files.cat_file(max(names))) if names else {}

    @property
    def left(self):
        return self._files.find(self._folder)


def test_a_killed_training_goes_on_elsewhere_from_its_last_checkpoint(storage, nodes, tmp_path):
    first, second = trainings()
    here = nodes.on("a")
    victim, copies = Victim(here, first), Copies(storage, nodes, first)
    drivers = [Driver(nodes.location, "local", logs=tmp_path, AMX_CACHE=nodes.cache("a"))]
    try:
        # Held before its last tenth: the newest checkpoint is the last before the gate.
        wait_until(lambda: any(victim.checkpoints.glob("step-*.pt")), "a checkpoint")
        wait_until(
            lambda: (
                max(steps(copies.index()), default=0)
                == max(steps(path.name for path in victim.checkpoints.iterdir()), default=-1)
                and read_curves(victim.folder / "scratch" / CURVES)[-1]["step"] == 357
            ),
            "a copy of the newest checkpoint",
        )
        watching = nodes.on("c")
        wait_until(lambda: watching.progress(first.fingerprint) is not None, "progress elsewhere")
        drivers[0].kill()
        newest = max(steps(copies.index()))
        drivers.append(Driver(nodes.location, "local", logs=tmp_path, AMX_CACHE=nodes.cache("b")))
        assert drivers[1].finish(120) == 0, drivers[1].log.read_text()
    finally:
        kill_all([pid for driver in drivers for pid in driver.descendants()])
    expected = undisturbed()
    there = nodes.on("b")
    found = trained(there, first)
    assert found.starts == [0, newest]
    assert (found.digest, found.curves) == (expected[0].digest, expected[0].curves)
    assert trained(there, second) == expected[1]
    assert verify(there.find(first)) == []
    assert copies.left == []


def test_helpers_work_where_the_stage_runs_and_nowhere_else(nodes):
    stage = note("shared", kind=SHARED)
    here = nodes.on("a")
    scratch = here.work_folder(stage.fingerprint) / "scratch"
    (scratch / "shards").mkdir(parents=True)
    Shards(scratch).open(6)
    helper = ShardHelper(stage, nodes.settings())
    assert not helper.make_one()  # remains of an attempt that runs elsewhere by now, or nowhere
    with here.claim(stage.fingerprint):
        ProgressFile(scratch.parent / PROGRESS)
        assert helper.make_one()
        assert here.missing_shards(stage.fingerprint) == 5
        there = nodes.on("b")
        assert not ShardHelper(stage, nodes.settings()).make_one()
        wait_until(lambda: there.missing_shards(stage.fingerprint) == 5, "the holder's word")
    helper.close()
