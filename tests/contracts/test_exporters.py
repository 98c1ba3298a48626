"""What every format of a motion must do, whichever package it comes from."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from audiomotion.config.exporters import EXPORTERS
from audiomotion.errors import ConfigError, DataError, ModelError
from audiomotion.motion.representation import joints_to_features
from audiomotion.motion.skeleton import SKELETONS, Skeleton
from audiomotion.pipeline.formats.base import Exporter, exporter_of
from audiomotion.pipeline.motion import GeneratedMotion
from tests.motion.clips import wiggling_clip

FORMATS = sorted(EXPORTERS.schemas)


def made(skeleton: Skeleton, frames: int = 8) -> GeneratedMotion:
    features = joints_to_features(wiggling_clip(skeleton, frames=frames + 1), skeleton)
    waveform = np.sin(np.arange(8000, dtype=np.float32))
    return GeneratedMotion(features, skeleton, "a <b>person</b> & “walks”", 3, "given",
                           ("a note",), waveform)  # fmt: skip


def written(name: str, motion: GeneratedMotion, path: Path) -> list[Path]:
    try:
        return exporter_of(name).write(motion, path)
    except ModelError as error:
        # A format may need a program: it says so, and leaves nothing.
        assert "install" in str(error) and not path.exists()
        pytest.skip(str(error))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
@pytest.mark.parametrize("name", FORMATS)
def test_it_writes_the_file_that_it_is_asked_for(
    name: str, skeleton: Skeleton, tmp_path: Path
) -> None:
    path = tmp_path / "new" / f"walk.{name}"
    files = written(name, made(skeleton), path)
    assert files[0] == path
    assert sorted(path.parent.iterdir()) == sorted(files)
    assert all(file.stat().st_size > 0 for file in files)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_motion_is_the_same_bytes(name: str, tmp_path: Path) -> None:
    motion = made(SKELETONS["humanml3d_22"])
    first = written(name, motion, tmp_path / "a" / f"walk.{name}")
    again = written(name, motion, tmp_path / "b" / f"walk.{name}")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


@pytest.mark.parametrize("name", FORMATS)
def test_a_single_frame_is_a_motion_too(name: str, tmp_path: Path) -> None:
    assert written(name, made(SKELETONS["kit_21"], frames=1), tmp_path / f"pose.{name}")


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_cannot_be_is_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((DataError, FileExistsError)):
        written(name, made(SKELETONS["kit_21"]), tmp_path / "file" / f"walk.{name}")


@pytest.mark.parametrize("name", FORMATS)
def test_its_schema_is_strict_and_light(name: str) -> None:
    schema = EXPORTERS.schemas[name]
    assert schema.__doc__ and schema().name == name
    assert isinstance(exporter_of(name), Exporter)
    with pytest.raises(ValidationError):
        schema(nonsense=1)


def test_what_is_no_format_or_no_option() -> None:
    with pytest.raises(ConfigError, match="bhv"):
        exporter_of("bhv")
    with pytest.raises(ConfigError, match="unit"):
        exporter_of("bvh", {"unit": "inch"})
    with pytest.raises(ConfigError, match="unit"):
        exporter_of("npy", {"unit": "m"})
