import json
import weakref
from dataclasses import replace

import numpy as np
import pytest

from audiomotion.config.datasets import DatasetSchema
from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import (
    Caption,
    Dropped,
    MotionDataset,
    RawClip,
    RawDataset,
    read_dataset,
    write_dataset,
)
from audiomotion.errors import DataError
from audiomotion.motion.skeleton import HUMANML3D_22

P = HUMANML3D_22.feature_dim


def clip(name, split, seed, num_frames=40):
    rng = np.random.default_rng(seed)
    features = (3 + 2 * rng.standard_normal((num_frames, P))).astype(np.float32)
    captions = (
        Caption(f"a person walks {name}", ("walk for me",), ("a/DET", "person/NOUN")),
        Caption("someone strolls"),
    )
    return RawClip(name, split, features, captions, group=f"group {name}")


RAW = RawDataset(
    HUMANML3D_22,
    [clip("a", "train", 1), clip("b", "test", 2, 50), clip("c", "train", 3), clip("d", "val", 4)],
    [Dropped("e", "12 frames, at least 40")],
)


@pytest.fixture
def dataset(tmp_path):
    write_dataset(RAW, tmp_path)
    return MotionDataset(tmp_path)


def test_clips_come_back_as_they_were(dataset):
    assert dataset.skeleton == HUMANML3D_22
    for record, raw in zip(dataset.clips, RAW.clips, strict=True):
        assert (record.name, record.split, record.group) == (raw.name, raw.split, raw.group)
        assert record.captions == raw.captions
        assert record.num_frames == len(raw.features)
        np.testing.assert_array_equal(dataset.features[record.index], raw.features)


def test_a_split_keeps_the_places_of_its_clips(dataset):
    assert [record.index for record in dataset.split("train")] == [0, 2]
    assert [record.name for record in dataset.split("val")] == ["d"]


def test_statistics_are_those_of_the_training_split_alone(dataset):
    train = np.concatenate([RAW.clips[0].features, RAW.clips[2].features])
    np.testing.assert_allclose(dataset.stats.mean, train.mean(0), rtol=1e-5)
    np.testing.assert_allclose(dataset.stats.std[0], train[:, 0].std(), rtol=1e-5)


def test_a_caption_has_one_instruction_as_written_and_those_spoken():
    caption = RAW.clips[0].captions[0]
    assert caption.texts("original") == ("a person walks a",)
    assert caption.texts("oral") == ("walk for me",)
    assert RAW.clips[0].captions[1].texts("oral") == ()


def test_the_report_counts_what_is_there_and_why_the_rest_is_not(dataset):
    assert json.loads((dataset.folder / "report.json").read_text()) == {
        "num_clips": {"train": 2, "val": 1, "test": 1},
        "num_captions": 8,
        "num_oral": 4,
        "num_frames": 170,
        "dropped": [{"name": "e", "reason": "12 frames, at least 40"}],
    }


def only_training_clips(config, root, progress):
    """Read a data set that has nothing to test on."""
    return RawDataset(HUMANML3D_22, [clip("a", "train", 1)])


class WithoutTestClips(DatasetSchema):
    implementation = "tests.data.test_dataset:only_training_clips"
    name: str = "lopsided"


def test_an_empty_split_is_refused():
    with pytest.raises(DataError, match="data set lopsided: no clip is left in the val split"):
        list(read_dataset(WithoutTestClips(), None, lambda done, total: None).clips)


def test_a_data_set_names_the_function_that_reads_it():
    (arm,) = resolve("demo")
    assert isinstance(arm.experiment.dataset, DatasetSchema)


def test_clips_are_written_as_they_are_read_one_at_a_time(tmp_path):
    """Whole data sets are gigabytes: of a clip that was written nothing may stay in memory."""
    alive = []

    def clips():
        for index, split in enumerate(["train"] * 20 + ["val", "test"]):
            made = clip(str(index), split, index)
            alive.append(weakref.ref(made.features))
            yield made
            del made
            assert sum(ref() is not None for ref in alive) <= 2

    write_dataset(RawDataset(HUMANML3D_22, clips()), tmp_path)
    assert len(MotionDataset(tmp_path).clips) == len(alive) == 22


def test_recordings_are_copied_and_stand_beside_what_they_say(tmp_path):
    source, written = tmp_path / "source", tmp_path / "written"
    (source / "recordings").mkdir(parents=True)
    written.mkdir()
    (source / "recordings" / "a.flac").write_bytes(b"as written")
    (source / "recordings" / "b.flac").write_bytes(b"as spoken")
    caption = Caption(
        "a person walks", ("walk", "go"), recording="recordings/a.flac",
        oral_recordings=("", "recordings/b.flac"),
    )  # fmt: skip
    recorded = replace(clip("a", "train", 1), captions=(caption, Caption("walks", ("stroll",))))
    write_dataset(RawDataset(HUMANML3D_22, [recorded], folder=source), written)
    first, second = MotionDataset(written).clips[0].captions
    assert first == caption
    assert (written / first.recordings("original")[0]).read_bytes() == b"as written"
    silent, spoken = first.recordings("oral")
    assert silent == "" and (written / spoken).read_bytes() == b"as spoken"
    assert (second.recordings("original"), second.recordings("oral")) == (("",), ("",))
