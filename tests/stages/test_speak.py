"""The stage `speak`: every instruction once, in its voice, whichever process dies."""

import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.errors import DataError
from audiomotion.orchestrate.store import ArtifactStore, verify
from audiomotion.speech.wav import read_wav, wav_seconds
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import SpeakStage
from audiomotion.stages.speak import RECORDED, SpeakInstructions
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY, amx, start
from tests.orchestrate.processes import kill_all, wait_until

NUM_CLIPS = 80
SETS = (f"dataset.num_clips={NUM_CLIPS}", "dataset.captions_per_clip=1", "speech.num_voices=6")
COMMAND = (
    "data", "speak", "--dataset", TINY, "--variant", "oral",
    *(word for assignment in SETS for word in ("--set", assignment)),
)  # fmt: skip
MARK = "AMX_TEST_MARK"


def stage() -> SpeakStage:
    (arm,) = resolve(TINY, sets=SETS)
    return SystemStages(arm.experiment).speech("oral")


def published(root: Path) -> list[Utterance]:
    """Return what is in the store, checked to the last byte."""
    artifact = ArtifactStore(root).find(stage())
    assert artifact is not None
    assert verify(artifact) == []
    utterances = Utterances(artifact.folder)
    for record in {record.file: record for record in utterances.records}.values():
        content = (utterances.folder / record.file).read_bytes()
        assert sha256(content).hexdigest() == record.sha256
    return utterances.records


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store in which nothing was disturbed."""
    root = tmp_path_factory.mktemp("undisturbed") / "store"
    ended = amx(*COMMAND, "--executor", "local", "--store", root)
    assert ended.code == 0, ended.err
    return root


@pytest.fixture
def unspoken(store: Path, tmp_path: Path) -> Path:
    """Return a store that has the data set and nothing spoken."""
    root = tmp_path / "store"
    shutil.copytree(store / "artifacts" / "dataset", root / "artifacts" / "dataset")
    return root


@dataclass
class Victim:
    """`amx data speak` in a process of its own."""

    root: Path
    executor: str = "local"
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mark = f"{self.root}-{random.random()}"
        arguments = (*COMMAND, "--executor", self.executor, "--store", self.root)
        self.process = start(*arguments, **{MARK: self.mark, "RAY_AUTH_MODE": "disabled"})

    def __enter__(self) -> "Victim":
        return self

    def __exit__(self, *_: object) -> None:
        kill_all([self.process.pid, *self._pids()])
        self.process.communicate()

    def wait_for(self, num_files: int) -> None:
        """Return when so many utterances are there; they are to stay as they are."""

        def there() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            return len(list(self._files())) >= num_files

        wait_until(there, f"{num_files} utterances", 120)
        self.seen = {path: identity(path) for path in self._files()}

    def synthesizer(self) -> int:
        """Return the process that speaks."""
        return next(pid for pid in self._pids() if b"espeak_worker" in _proc(pid, "cmdline"))

    def stage_worker(self) -> int:
        """Return the process that runs the stage."""
        stat = _proc(self.synthesizer(), "stat").decode()
        return int(stat.rpartition(")")[2].split()[1])

    def finish(self) -> int:
        """Return the exit code."""
        out, err = self.process.communicate(timeout=180)
        self.said = out + err
        return self.process.returncode

    def assert_kept(self) -> None:
        """Check that nothing that was there was made again."""
        assert self.seen
        assert {path: identity(path) for path in self.seen} == self.seen

    def _files(self) -> Iterator[Path]:
        return (self.root / "cache" / "speech").glob("*/*.wav")

    def _pids(self) -> Iterator[int]:
        for folder in Path("/proc").glob("[0-9]*"):
            if f"{MARK}={self.mark}\0".encode() in _proc(int(folder.name), "environ"):
                yield int(folder.name)


def _proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def identity(path: Path) -> tuple[int, int]:
    """Return what changes when a file is made again."""
    return path.stat().st_ino, path.stat().st_mtime_ns


def test_every_instruction_is_spoken_once_and_recorded(store: Path) -> None:
    records = published(store)
    assert len(records) == 3 * NUM_CLIPS
    assert len({record.key for record in records}) == len(records)
    assert {record.voice for record in records} == {
        "en-us+m1", "en+f1", "en-gb-x-rp+m2", "en-gb-scotland+f2", "en-029+m3", "en-gb-x-gbclan+f3",
    }  # fmt: skip
    assert {record.backend.split()[0] for record in records} == {"eSpeak"}
    folder = ArtifactStore(store).folder(stage())
    for record in records[::20]:
        assert wav_seconds(folder / record.file) == record.seconds
    assert len({record.file for record in records}) == len(list(folder.glob("wav/*/*.wav")))
    row = json.loads((folder / "utterances.jsonl").read_text("utf-8").splitlines()[0])
    assert set(row) == {
        "clip", "caption", "text", "key", "voice", "backend", "file", "seconds", "sha256",
            "recording",
    }  # fmt: skip


def test_a_killed_synthesizer_and_a_killed_driver_lose_and_double_nothing(
    store: Path, unspoken: Path
) -> None:
    with Victim(unspoken) as victim:
        for num_files in (5, 40):
            victim.wait_for(num_files)
            os.kill(victim.synthesizer(), random.choice([signal.SIGKILL, signal.SIGSEGV]))
        victim.wait_for(random.randrange(60, 140))
        os.kill(victim.process.pid, signal.SIGKILL)
        victim.process.wait()
    victim.assert_kept()
    assert ArtifactStore(unspoken).find(stage()) is None
    ended = amx(*COMMAND, "--executor", "local", "--store", unspoken)
    assert ended.code == 0, ended.err
    victim.assert_kept()
    assert published(unspoken) == published(store)


def test_a_killed_ray_worker_is_replaced(store: Path, unspoken: Path) -> None:
    with Victim(unspoken, "ray") as victim:
        victim.wait_for(random.randrange(10, 100))
        worker = victim.stage_worker()
        assert worker != victim.process.pid
        os.kill(worker, signal.SIGKILL)
        assert victim.finish() == 0, victim.said
    victim.assert_kept()
    assert published(unspoken) == published(store)


def test_damage_in_an_artifact_is_mended_by_deleting_it_alone(store: Path, tmp_path: Path) -> None:
    root = tmp_path / "store"
    # With its links, as cp -a keeps them: a file of the artifact is the cache's own.
    subprocess.run(["cp", "-a", store, root], check=True)
    artifact = ArtifactStore(root).find(stage())
    assert artifact is not None
    record = published(root)[7]
    damaged = artifact.folder / record.file
    assert damaged.stat().st_nlink == 2
    content = bytearray(damaged.read_bytes())
    content[-100] ^= 1
    damaged.write_bytes(content)
    assert verify(artifact) == [f"{damaged} has changed since it was written"]
    shutil.rmtree(artifact.folder)
    ended = amx(*COMMAND, "--executor", "local", "--store", root)
    assert ended.code == 0, ended.err
    assert published(root) == published(store)


@pytest.fixture
def context(store: Path, tmp_path: Path) -> StageContext:
    """Return where the stage runs in this process, on a copy of the data set."""
    (dataset,) = (store / "artifacts" / "dataset").iterdir()
    shutil.copytree(dataset, tmp_path / "dataset")
    for name in ("output", "scratch", "cache"):
        (tmp_path / name).mkdir()
    places: dict[str, Any] = {name: tmp_path / name for name in ("output", "scratch", "cache")}
    return StageContext(inputs={"dataset": tmp_path / "dataset"}, report=lambda *_: None, **places)


def speak(context: StageContext) -> None:
    """Run all shards of the stage in this process."""
    work = SpeakInstructions(stage(), context)
    folders = [context.scratch / f"shard-{index}" for index in range(len(work.shard_sizes))]
    with work.set_up() as make:
        for index, folder in enumerate(folders):
            folder.mkdir()
            make(index, folder)
    work.finish(folders)


def record(dataset: Path, files: dict[str, str]) -> None:
    """Say in a data set which recording, relative to it, holds the instruction of each key."""
    path = dataset / "clips.json"
    content = json.loads(path.read_text("utf-8"))
    clips = {clip["name"]: clip for clip in content["clips"]}
    for key, file in files.items():
        name, number, _, take = key.split("/")
        caption = clips[name]["captions"][int(number)]
        recordings = caption.setdefault("oral_recordings", [""] * len(caption["oral"]))
        recordings[int(take)] = file
    path.write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_what_a_person_recorded_is_not_spoken(
    store: Path, context: StageContext, suffix: str
) -> None:
    spoken = published(store)
    dataset = context.inputs["dataset"]
    seconds = np.arange(44_100) / 44_100
    chirp = (0.4 * np.sin(2 * np.pi * 500 * seconds * (1 + seconds))).astype(np.float32)
    soundfile.write(dataset / f"take.{suffix}", np.stack([chirp, chirp], axis=1), 44_100)
    record(dataset, {spoken[index].key: f"take.{suffix}" for index in (3, 200)})
    speak(context)
    found = Utterances(context.output).records
    recorded = [index for index, record in enumerate(found) if record.voice == RECORDED]
    assert recorded == [3, 200]
    assert found[3].backend == RECORDED
    assert found[3].text == spoken[3].text
    assert found[3].seconds == pytest.approx(1, abs=0.01)
    waveform, rate = read_wav(context.output / found[3].file)
    assert rate == 16_000
    assert np.abs(waveform).max() == pytest.approx(0.4, abs=0.03)
    others = [record for index, record in enumerate(found) if index not in recorded]
    assert others == [record for index, record in enumerate(spoken) if index not in recorded]


def test_a_recording_that_is_gone_is_named(context: StageContext) -> None:
    dataset = context.inputs["dataset"]
    key = Instructions(MotionDataset(dataset), "oral").all[0].key
    record(dataset, {key: "gone.wav"})
    with pytest.raises(DataError, match=r"gone\.wav"):
        speak(context)
