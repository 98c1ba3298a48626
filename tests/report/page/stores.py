"""A store with a launch that a page can be made of: real clips, tones for voices, no training.

What an arm generated is the real motion, moved sideways by a distance that a test can know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import described
from audiomotion.config.datasets import DemoConfig
from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import MotionDataset, RawDataset, read_dataset, write_dataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.ragged import write_ragged
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.files import file_digest, write_json
from audiomotion.orchestrate.records import ArmRecord, RunFolder, RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.speech.wav import write_wav
from audiomotion.stages.results import CURVES, EXAMPLES, RESULT, TRANSCRIPTS
from audiomotion.train.curves import Curves
from tests.report.launches import result

NUM_EXAMPLES = 3
VOICE = "tone"
SECONDS = 0.5


@cache
def _demo() -> RawDataset:
    raw = read_dataset(DemoConfig(num_clips=64, captions_per_clip=1), None, lambda *_: None)
    return RawDataset(raw.skeleton, list(raw.clips))


class PageStore:
    """A store that a launch is written into, arm by arm."""

    def __init__(self, root: Path) -> None:
        self.store = ArtifactStore(root)
        self.store.prepare()
        self.dataset = MotionDataset(self._dataset())

    def folder(self, stage: str, key: str) -> Path:
        folder = self.store.artifact_root / stage / key
        if not folder.exists():
            folder.mkdir(parents=True)
            environment = {"python": "3.11", "torch": "2.8", "host": "secret-host", "device": "cpu"}
            manifest = {"stage": stage, "fingerprint": key, "environment": environment, "files": {}}
            write_json(folder / "manifest.json", manifest)
        return folder

    def _dataset(self) -> Path:
        folder = self.folder("dataset", "dataset-0")
        write_dataset(_demo(), folder)
        return folder

    def speak(self, variant: str) -> str:
        """Speak every instruction as the same tone; return the fingerprint."""
        key = f"speak-{variant}"
        folder = self.folder("speak", key)
        path = folder / "wav" / "to" / "tone.wav"
        if path.exists():
            return key
        path.parent.mkdir(parents=True)
        times = np.arange(int(SECONDS * 16_000)) / 16_000
        write_wav(path, 0.3 * np.sin(2 * np.pi * 330 * times), 16_000)
        spoken = [
            Utterance(**asdict(one), voice=VOICE, backend="tones 1", file="wav/to/tone.wav",
                      seconds=SECONDS, sha256=file_digest(path))
            for one in Instructions(self.dataset, variant).all
        ]  # fmt: skip
        Utterances.write_index(folder, spoken)
        return key

    def arm(
        self,
        name: str,
        seed: int = 0,
        *,
        experiment: Mapping[str, Any],
        fid: Sequence[float] = (1.0, 1.5),
        shift: float = 0.0,
        first: int = 0,
        heard: str = "",
    ) -> ArmRecord:
        """Write what a finished arm leaves.

        Args:
            name: Of the arm.
            seed: Of its training.
            experiment: Its configuration.
            fid: Of each repeat.
            shift: How far its motions lie off the real ones, in features.
            first: Which test clip its examples begin with.
            heard: What its recognizer hears of every instruction.
        """
        key = f"{name}-{seed}".replace("<", "").replace("&", "")
        evaluation = self.folder("evaluation", key)
        write_json(evaluation / RESULT, result(fid))
        variant = experiment["test_variant"]
        instructions = Instructions(self.dataset, variant)
        clips = self.dataset.split("test")[first : first + NUM_EXAMPLES]
        motions = [np.array(self.dataset.features[clip.index]) for clip in clips]
        for motion in motions:
            motion[:, 3] += shift  # the hips' height
        write_ragged(evaluation, "examples", motions, np.float32)
        told = [instructions.all[instructions.of_clip[clip.index][0]] for clip in clips]
        write_json(evaluation / EXAMPLES, [{"clip": one.clip, "text": one.text} for one in told])
        fingerprints = {"dataset": "dataset-0", "evaluation": key, "masked": key}
        fingerprints |= self._inputs(key, experiment, len(instructions.all), heard)
        curves = Curves(self.folder("masked", key) / CURVES)
        for step in (10, 20, 30):
            curves.add(step, {"loss": 4.0 / step + seed + abs(shift)})
        return ArmRecord(
            name, seed, {**experiment, "seed": seed}, fingerprints, "random (tiny)", "done"
        )

    def _inputs(
        self, key: str, experiment: Mapping[str, Any], num_instructions: int, heard: str
    ) -> dict[str, str]:
        if experiment["test_text"] == "transcripts":
            words = {number: heard for number in range(num_instructions)}
            write_json(self.folder("transcribe", key) / TRANSCRIPTS, words)
            return {"transcribe": key, "speak": self.speak(experiment["test_variant"])}
        if experiment["condition"] == "text":
            return {}
        variants = dict.fromkeys((experiment["test_variant"], experiment["train_variant"]))
        names = ("speak", "speak-2")
        return {name: self.speak(one) for name, one in zip(names, variants, strict=False)}

    def launch(self, axis: str, *arms: ArmRecord, **changes: Any) -> RunRecord:
        """Write the record of a launch and what it measured of real motion; return it."""
        reference = self.folder("reference", "reference-0")
        content = {"real": result([0.25, 0.25]), "reconstruction": result([0.5, 0.5])}
        write_json(reference / RESULT, content)
        status = "done" if all(arm.status == "done" for arm in arms) else "failed"
        values: dict[str, Any] = {
            "id": f"{axis}-demo-1234abcd", "kind": "ablation", "title": axis, "dataset": "demo",
            "created": "2026-01-01T00:00:00Z", "arms": arms, "references": ("reference-0",),
            "axis": described([load_axis(axis).config]), "status": status,
            "updated": "2026-01-02T00:00:00Z",
        }  # fmt: skip
        record = RunRecord(**{**values, **changes})
        RunFolder(self.store, record.id).save(record)
        return record


@cache
def experiments(axis: str) -> dict[str, dict[str, Any]]:
    """Return the configuration of each arm of a shipped axis on the demo data."""
    return {
        arm.name: arm.experiment.model_dump(mode="json")
        for arm in resolve(axes=[axis], dataset="demo")
    }


def feature_extractors(root: Path, num_seeds: int = 2) -> tuple[PageStore, RunRecord]:
    """Return a launch of the axis `feature-extractor`, all arms done."""
    held = PageStore(root)
    arms = [
        held.arm(name, seed, experiment=experiment, shift=0.1 * place,
                 fid=(1.0 + place + 0.05 * seed, 1.2 + place))
        for place, (name, experiment) in enumerate(experiments("feature-extractor").items())
        for seed in range(num_seeds)
    ]  # fmt: skip
    return held, held.launch("feature-extractor", *arms)
