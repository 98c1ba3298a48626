import shutil
from pathlib import Path

import numpy as np
import pytest

from audiomotion.pipeline import AudioToMotionPipeline
from audiomotion.pipeline.exporting import export_run
from audiomotion.pipeline.motion import GeneratedMotion
from tests.cli.command_line import train


@pytest.fixture(scope="session")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with one finished launch, `tiny-demo-...`."""
    store = tmp_path_factory.mktemp("launched") / "store"
    ended = train(store)
    assert ended.code == 0, ended.err
    return store


@pytest.fixture(scope="session")
def exported(launched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of that launch's system."""
    folder = tmp_path_factory.mktemp("exported") / "system"
    export_run("tiny", folder, store=str(launched))
    return folder


@pytest.fixture
def own_copy(exported: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder, to be damaged."""
    return Path(shutil.copytree(exported, tmp_path / "system"))


@pytest.fixture(scope="session")
def pipeline(exported: Path) -> AudioToMotionPipeline:
    return AudioToMotionPipeline.from_pretrained(exported)


@pytest.fixture(scope="session")
def spoken(launched: Path) -> Path:
    """Return the WAV file of an instruction that the launch spoke."""
    return sorted(launched.rglob("artifacts/speak/*/wav/*/*.wav"))[0]


@pytest.fixture(scope="session")
def motion(pipeline: AudioToMotionPipeline, spoken: Path) -> GeneratedMotion:
    made = pipeline(spoken, seconds=1.6)
    assert isinstance(made, GeneratedMotion) and np.isfinite(made.joints).all()
    return made
