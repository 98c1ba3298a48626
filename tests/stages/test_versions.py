"""A stage whose code changed and whose version did not would answer with an artifact of before."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiomotion.stages.base import StageKind
from audiomotion.stages.graph import STAGE_KINDS
from tests.stages.code_digest import (
    code_digest,
    imported_modules,
    stage_digest,
    stage_modules,
)
from tests.stages.refresh_digests import RECORDED

REFRESH = "run `python -m tests.stages.refresh_digests`"

TOY = {
    "__init__": "",
    "work": '"""Do the work."""\nfrom toy_stage.part import half\n\nwork = lambda x: half(x)\n',
    "part": 'from toy_stage import shared\n\n\ndef half(x):\n    """Halve."""\n    return x / 2\n',
    "shared": "from toy_stage import deep\nSIZE = 3  # frames\n",
    "deep": "SIZE = 4\n",
    "other": "def half(x):\n    return x / 3\n",
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "toy_stage"
    folder.mkdir()
    for name, code in TOY.items():
        (folder / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("toy_stage")]:
        del sys.modules[name]


def toy_digest(*left_out: str) -> str:
    return code_digest(imported_modules("toy_stage", ["toy_stage.work"], left_out))


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("kind", STAGE_KINDS, ids=lambda kind: kind.name)
def test_changed_code_has_a_new_version(kind: StageKind) -> None:
    recorded = json.loads(RECORDED.read_text())[kind.name]
    assert kind.version == recorded["version"], (
        f"stage {kind.name} has version {kind.version}, and {RECORDED.name} holds the code of "
        f"version {recorded['version']}: {REFRESH}"
    )
    assert stage_digest(kind) == recorded["digest"], (
        f"the code of stage {kind.name} has changed and its version, {kind.version}, has not. If "
        "the artifact changes, raise the version in stages/graph.py. Then, and where the artifact "
        f"is the same to the byte, {REFRESH}"
    )


def test_record_holds_the_stages_there_are() -> None:
    assert list(json.loads(RECORDED.read_text())) == [kind.name for kind in STAGE_KINDS], REFRESH


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("work", "half(x)", "half(x) + 0"),
        ("part", "x / 2", "x / 4"),
        ("part", "def half(x)", "def half(x, y=None)"),
        ("shared", "SIZE = 3", "SIZE = 5"),
        ("deep", "SIZE = 4", "SIZE = '4'"),
    ],
)
def test_a_change_anywhere_below_shows(toy: Path, file: str, old: str, new: str) -> None:
    before = toy_digest()
    edit(toy / f"{file}.py", old, new)
    assert toy_digest() != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("work", "Do the work.", "Do all of the work."),
        ("part", "Halve.", "Return the half."),
        ("part", '    """Halve."""\n', ""),
        ("shared", "# frames", "# tokens"),
        ("shared", "SIZE = 3", '\nSIZE = (\n    3)\n"""Of a window."""\n'),
        ("other", "x / 3", "x / 5"),
    ],
)
def test_words_layout_and_other_modules_do_not(toy: Path, file: str, old: str, new: str) -> None:
    before = toy_digest()
    edit(toy / f"{file}.py", old, new)
    assert toy_digest() == before


def test_nothing_is_reached_by_way_of_what_is_left_out(toy: Path) -> None:
    assert imported_modules("toy_stage", ["toy_stage.work"], ["toy_stage.shared"]) == {
        "toy_stage.work",
        "toy_stage.part",
    }


def test_what_a_configuration_or_a_process_names_counts() -> None:
    by_name = {kind.name: stage_modules(kind) for kind in STAGE_KINDS}
    assert "audiomotion.extract.wavlm" in by_name["features"]
    assert "audiomotion.extract.imagebind_trunk" in by_name["features"]
    assert "audiomotion.data.demo.wording" in by_name["dataset"]
    assert "audiomotion.data.published" in by_name["dataset"]
    assert "audiomotion.speech.espeak_worker" in by_name["speak"]
    assert "audiomotion.speech.speecht5" in by_name["speak"]
    for stage in ("masked", "residual", "evaluation"):
        assert "audiomotion.models.compressors.memory_retrieval" in by_name[stage]


def test_configuration_and_where_a_stage_runs_do_not_count() -> None:
    for modules in map(stage_modules, STAGE_KINDS):
        assert not modules & {"audiomotion.files", "audiomotion.stages.graph"}
        assert not any(name.startswith("audiomotion.config") for name in modules)


def test_measuring_does_not_depend_on_how_was_trained() -> None:
    by_name = {kind.name: stage_modules(kind) for kind in STAGE_KINDS}
    assert "audiomotion.train.loop" in by_name["rvq"]
    for stage in ("evaluation", "reference"):
        assert "audiomotion.models.rvq" in by_name[stage]
        assert not any(name.startswith("audiomotion.train") for name in by_name[stage])
