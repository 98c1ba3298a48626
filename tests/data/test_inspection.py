"""Each way in which a copy of a data set can be wrong, one at a time."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.datasets import BandaiConfig, HumanML3DConfig, KitConfig
from audiomotion.data.inspection import Inspection, inspect_folder
from audiomotion.data.statistics import Statistics
from audiomotion.errors import ConfigError, DataError
from audiomotion.motion.skeleton import HUMANML3D_22
from tests.data.published_folder import LINE, PublishedFolder


@pytest.fixture
def data(tmp_path: Path) -> PublishedFolder:
    """Return a data set without a fault."""
    data = PublishedFolder(tmp_path, HumanML3DConfig(), 263)
    for index in range(12):
        data.add(f"{index:06d}", num_frames=60 + index)
    write_statistics(data)
    return data


def write_statistics(data: PublishedFolder, mean: float = 0.0, root: float = 1.0) -> None:
    """Write Mean and Std of all clips, moved by `mean` deviations, those of the root divided."""
    motions = [np.load(path) for path in sorted((data.folder / "new_joint_vecs").iterdir())]
    stats = Statistics.of(np.concatenate(motions).astype(np.float32), HUMANML3D_22)
    std = stats.std.copy()
    std[:4], std[-4:] = std[:4] / root, std[-4:] / root
    np.save(data.folder / "Mean.npy", stats.mean + mean * stats.std)
    np.save(data.folder / "Std.npy", std)


def inspect(data: PublishedFolder, **options: bool) -> Inspection:
    return inspect_folder(data.config, data.root, **options)


def problems(data: PublishedFolder, **options: bool) -> list[tuple[str, str]]:
    return [(found.where, found.what) for found in inspect(data, **options).problems]


def test_a_whole_copy_has_no_problem_and_says_what_is_there(data: PublishedFolder) -> None:
    data.add("M000001")
    found = inspect(data)
    assert found.problems == []
    assert found.num_files["new_joint_vecs"] == found.num_files["texts"] == 16
    assert found.num_names == {"train": 14, "val": 1, "test": 1}
    assert found.listed.total(mirrored=False).clips == 15
    assert "AMASS" in found.origins[0].source and "not for commercial" in found.origins[0].licence
    notices = [notice.sentence() for notice in found.notices]
    assert "train.txt: lists 14 clips, and the published one 23,384: another version, a part, or " \
        "a broken copy" in notices  # fmt: skip
    assert any(notice.startswith("oral: no rewrites") for notice in notices)


def nan(data: PublishedFolder) -> None:
    motion = np.load(data.motion("000003"))
    motion[5, 7] = np.nan
    np.save(data.motion("000003"), motion)


def infinite(data: PublishedFolder) -> None:
    motion = np.load(data.motion("000003"))
    motion[5, 7] = 1e39  # infinite in single precision
    np.save(data.motion("000003"), motion)


def cut(data: PublishedFolder) -> None:
    content = data.motion("000003").read_bytes()
    data.motion("000003").write_bytes(content[:-8])


def text(content: bytes) -> Callable[[PublishedFolder], None]:
    return lambda data: [
        (data.folder / "texts" / "000003.txt").write_bytes(content),
        None,
    ][1]


def saved(array: np.ndarray) -> Callable[[PublishedFolder], None]:
    return lambda data: np.save(data.motion("000003"), array)


DAMAGE: dict[str, tuple[Callable[[PublishedFolder], object], str]] = {
    "nan": (nan, "holds values that are not finite numbers"),
    "infinite": (infinite, "holds values that are not finite numbers"),
    "cut off": (cut, "new_joint_vecs/000003.npy cannot be read (it is cut off: "),
    "no array": (
        lambda data: data.motion("000003").write_text("<html>Not found"),
        "new_joint_vecs/000003.npy cannot be read (the magic string",
    ),
    "empty array file": (lambda data: data.motion("000003").write_bytes(b""), "cannot be read"),
    "objects": (saved(np.array([{}], object)), "has shape (1,) instead of (frames, 263)"),
    "other width": (saved(np.zeros((60, 251))), "has shape (60, 251) instead of (frames, 263)"),
    "integers": (saved(np.zeros((60, 263), int)), "holds values that are not finite numbers"),
    "one frame": (saved(np.zeros((1, 263))), "has 1 frames, which is no motion"),
    "no frame": (saved(np.zeros((0, 263))), "has 0 frames, which is no motion"),
    "no motion": (
        lambda data: data.motion("000003").unlink(),
        "new_joint_vecs/000003.npy is missing",
    ),
    "no text": (
        lambda data: (data.folder / "texts" / "000003.txt").unlink(),
        "texts/000003.txt cannot be read",
    ),
    "empty text": (text(b""), "texts/000003.txt holds no caption"),
    "empty caption": (text(LINE.encode() + b"#a/DET#0.0#0.0\n"), "caption 1 is empty"),
    "no words": (text(b"...##0.0#0.0\n"), "caption 0 has no words"),
    "not utf-8": (text(b"\xff\xfe walk"), "texts/000003.txt cannot be read"),
    "fields": (text(b"walks.#walk/VERB#0.0\n"), "caption 0 has 3 fields separated by # instead"),
    "times": (text(b"walks.#walk/VERB#a#0.0\n"), "caption 0 has the times a and 0.0, which are no"),
    "endless": (text(b"walks.#walk/VERB#0.0#inf\n"), "caption 0 has the times 0.0 and inf, which"),
    "tags": (text(b"walks.#walk#0.0#0.0\n"), "caption 0 has the tag 'walk', which is not word/POS"),
    "rewrites": (
        lambda data: (data.folder / "oral" / "000003.txt").write_text("4\tWalk!\n"),
        "expected 'caption index<TAB>rewrite'",
    ),
    "twice": (
        lambda data: (data.folder / "test.txt").open("a").write("000003\n"),
        "is listed in train.txt and in a later split",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_a_problem_of_its_clip(kind: str, data: PublishedFolder) -> None:
    damage, words = DAMAGE[kind]
    damage(data)
    ((where, what),) = problems(data)
    assert where == "000003"
    assert words in what


@pytest.mark.parametrize("kind", [kind for kind in DAMAGE if kind not in ("rewrites", "one frame")])
def test_what_is_a_problem_is_left_out_by_the_reader_too(kind: str, data: PublishedFolder) -> None:
    for index in range(12, 110):  # of fewer clips none may lack its files
        data.add(f"{index:06d}")
    DAMAGE[kind][0](data)
    assert any(reason.startswith("000003") for reason in data.reasons())


STATISTICS: dict[str, tuple[Callable[[PublishedFolder], object], str, str]] = {
    "mean of another set": (lambda d: write_statistics(d, mean=0.5), "Mean.npy", "in the motion"),
    "a model's std": (
        lambda d: write_statistics(d, root=25.0),
        "Std.npy",
        "root and contacts are divided by 25, as in a model's own std.npy",
    ),
    "width": (
        lambda d: np.save(d.folder / "Mean.npy", np.zeros(251)),
        "Mean.npy",
        "has shape (251,) instead of (263,)",
    ),
    "nan": (
        lambda d: np.save(d.folder / "Std.npy", np.full(263, np.nan)),
        "Std.npy",
        "holds values that are not finite numbers",
    ),
    "zero": (
        lambda d: np.save(d.folder / "Std.npy", np.zeros(263)),
        "Std.npy",
        "holds values that are not above zero",
    ),
    "damaged": (
        lambda d: (d.folder / "Std.npy").write_bytes(b"\x93NUMPY"),
        "Std.npy",
        "cannot be read",
    ),
}


@pytest.mark.parametrize("kind", STATISTICS)
def test_statistics_that_are_not_those_of_the_clips(kind: str, data: PublishedFolder) -> None:
    damage, file, words = STATISTICS[kind]
    damage(data)
    ((where, what),) = problems(data)
    assert where == file and words in what


def test_damage_that_every_published_copy_has_is_no_problem(data: PublishedFolder) -> None:
    data.add("007975")
    motion = np.load(data.motion("007975"))
    motion[3] = np.nan
    np.save(data.motion("007975"), motion)
    data.add("M009707", num_frames=1)
    found = inspect(data)
    assert found.problems == []
    said = {notice.where: notice.what for notice in found.notices}
    assert said["007975"].endswith("every loader leaves it out")
    assert said["M009707"].startswith("has 1 frames")


def test_lengths_and_times_of_published_clips_are_no_problem(data: PublishedFolder) -> None:
    data.add("000020", num_frames=300, text=LINE + "runs.#run/VERB#2.0#5.0\n")
    data.add("000021", num_frames=20, text="walks.#walk/VERB#nan#nan\n\n")
    found = inspect(data)
    assert found.problems == []
    assert (found.num_outside_lengths, found.num_parts) == (2, 1)


def test_a_sample_misses_what_full_finds(
    data: PublishedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    nan(data)
    monkeypatch.setattr("audiomotion.data.inspection.SAMPLE", 3)
    assert inspect(data).num_read == 3
    assert problems(data) == []
    found = inspect(data, full=True)
    assert found.num_read == 15
    assert [problem.where for problem in found.problems] == ["000003"]


@pytest.mark.parametrize("absent", ["new_joint_vecs", "texts", "train.txt"])
def test_a_part_that_is_missing_says_how_to_get_it(absent: str, data: PublishedFolder) -> None:
    (data.folder / absent).rename(data.root / "elsewhere")
    ((where, what),) = problems(data)
    assert where == "HumanML3D" and f"{absent} is missing" in what
    assert "github.com/EricGuo5513/HumanML3D" in what


def test_a_damaged_record_is_a_problem(tmp_path: Path) -> None:
    data = PublishedFolder(tmp_path, BandaiConfig(), 263)
    (data.folder / "dataset.json").write_text('{"skeleton": "smpl"}')
    ((_, what),) = problems(data)
    assert "skeleton 'smpl' is not one of" in what
    record = {"title": "Ours", "url": "https://example.org", "licence": "CC0"}
    (data.folder / "dataset.json").write_text(json.dumps(record))
    (origin,) = inspect(data).origins
    assert (origin.source, origin.licence) == ("Ours https://example.org", "CC0")


def test_recordings_are_heard_where_asked(data: PublishedFolder) -> None:
    (data.folder / "recordings").mkdir()
    (data.folder / "recordings" / "000003-0.flac").write_bytes(b"")
    (data.folder / "recordings" / "000003.txt").write_text("0\t-\t000003-0.flac\n")

    def hear(path: Path) -> None:
        raise DataError(f"{path.name}: is empty")

    assert problems(data) == []
    found = inspect_folder(data.config, data.root, hear=hear)
    assert [problem.where for problem in found.problems] == ["recordings/000003-0.flac"]
    (data.folder / "recordings" / "000003-0.flac").unlink()
    assert "000003-0.flac is missing" in problems(data)[0][1]


def test_everything_is_in_the_record(data: PublishedFolder) -> None:
    nan(data)
    record = json.loads(json.dumps(inspect(data).record()))
    assert record["problems"] == [
        {
            "level": "problem",
            "where": "000003",
            "what": "holds values that are not finite numbers",
        }
    ]
    assert {row["published"] for row in record["beside_published"]} >= {14_616, 44_970, 87_384}


def test_kit_is_inspected_as_kit(tmp_path: Path) -> None:
    data = PublishedFolder(tmp_path, KitConfig(), 251)
    assert problems(data) == []
    with pytest.raises(ConfigError, match="--data-root"):
        inspect_folder(data.config, None)
