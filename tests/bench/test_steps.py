import pytest

from audiomotion.bench.steps import probe_step
from audiomotion.bench.synthetic import TRAINED_KINDS, synthetic_task
from audiomotion.config.resolve import resolve
from audiomotion.stages.base import AnyStage
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY

KIT = ("rvq.training.batch_size=4", "masked.training.batch_size=4")


def stages(name: str = TINY, *sets: str) -> dict[str, AnyStage]:
    (arm,) = resolve(name, sets=sets)
    system = SystemStages(arm.experiment)
    return {kind: getattr(system, kind) for kind in TRAINED_KINDS}


@pytest.mark.parametrize("kind", TRAINED_KINDS)
def test_steps_of_every_training_can_be_timed(kind: str) -> None:
    assert 0 < probe_step(stages()[kind], None, "cpu", 1, most_seconds=0.01) < 60


def test_made_up_clips_are_as_wide_and_long_as_the_data_sets(tmp_path) -> None:
    task = synthetic_task(stages("kit", *KIT)["rvq"], None, "cpu", tmp_path)
    assert task.frames.shape[1] == 251
    task = synthetic_task(stages()["rvq"], None, "cpu", tmp_path)
    assert task.frames.shape[1] == 263
    assert task.module.training


def test_made_up_features_are_those_of_the_encoder(tmp_path) -> None:
    pooled = stages(TINY, "condition=text", "text_encoder.weights=random",
                    "text_encoder.random_size=tiny")["masked"]  # fmt: skip
    heard = stages()["masked"]
    for stage, (frames, width) in ((pooled, (1, None)), (heard, (None, 40))):
        folder = tmp_path / stage.fingerprint
        folder.mkdir()
        batch = synthetic_task(stage, None, "cpu", folder).pairs.batch(0)
        assert frames in (None, batch.features.shape[1])
        assert width in (None, batch.features.shape[2])
        assert batch.tokens.shape[0] == 8
        assert batch.tokens.shape[2] == 2
    assert 75 <= batch.features.shape[1] <= 375  # 1.5 to 7.5 s at 50 a second


def test_published_weights_are_not_fetched_for_their_shape(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    wavlm = stages(TINY, "extractor.name=wavlm")["masked"]
    batch = synthetic_task(wavlm, None, "cpu", tmp_path).pairs.batch(0)
    assert batch.features.shape[2] == 768
