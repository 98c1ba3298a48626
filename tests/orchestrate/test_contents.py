"""Digests that a plan fills in: other data or weights behind a name are another experiment."""

from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.checkpoints import CheckpointConfig, CheckpointKind
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.errors import ModelError
from audiomotion.orchestrate.contents import with_imported, with_weights
from audiomotion.orchestrate.importing import Importable, import_checkpoint
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.system import SystemStages


def experiment(*sets: str) -> Experiment:
    return resolve("demo", sets=sets)[0].experiment


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def imported(
    store: ArtifactStore, what: CheckpointKind, content: str, dataset=None, **sizes: int
) -> str:
    """Put an artifact into the store that says it is `what`; return its content."""
    config = CheckpointConfig(what=what, dataset=dataset, sha256=content)
    write = lambda folder: np.save(folder / "numbers.npy", np.arange(3))  # noqa: E731
    import_checkpoint(store, Importable(config, {"sizes": sizes}, write))
    return content


def test_official_weights_are_filled_in_and_are_inputs(store: ArtifactStore) -> None:
    imported(store, "rvq", "aa", "humanml3d")
    imported(store, "rvq", "bb", "kit")
    filled = with_imported(experiment("rvq=official"), store)
    assert filled.rvq.checkpoint == "aa"
    checkpoint = SystemStages(filled).rvq.inputs["checkpoint"]
    assert (checkpoint.config.what, checkpoint.config.sha256) == ("rvq", "aa")
    assert store.find(checkpoint) is not None


def test_evaluator_and_words_are_two_imports(store: ArtifactStore) -> None:
    imported(store, "evaluator", "ev", "humanml3d")
    imported(store, "word-vectors", "wv")
    evaluator = with_imported(experiment("evaluator=official"), store).evaluator
    assert (evaluator.checkpoint, evaluator.words) == ("ev", "wv")


def test_what_was_not_imported_is_named_all_at_once(store: ArtifactStore) -> None:
    with pytest.raises(ModelError) as caught:
        with_imported(experiment("rvq=official", "evaluator=official"), store)
    said = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in said] == ["rvq", "evaluator", "evaluator"]
    assert "amx import momask --what rvq --checkpoint DIR --dataset humanml3d" in said[0]
    assert "amx import t2m-evaluator --checkpoint DIR" in said[1]
    assert "amx import glove --folder DIR" in said[2]


def test_two_imports_of_one_part_are_not_guessed_between(store: ArtifactStore) -> None:
    imported(store, "rvq", "aa", "humanml3d")
    imported(store, "rvq", "bb", "humanml3d")
    with pytest.raises(ModelError, match=r"rvq: .* imported 2 times .* must mean one"):
        with_imported(experiment("rvq=official"), store)


def test_one_of_several_imports_is_named_by_its_beginning(store: ArtifactStore) -> None:
    imported(store, "rvq", "aa", "humanml3d")
    imported(store, "rvq", "bb", "humanml3d")
    assert with_imported(experiment("rvq={weights: official, checkpoint: b}"), store) == (
        with_imported(experiment("rvq={weights: official, checkpoint: bb}"), store)
    )
    with pytest.raises(ModelError, match="was not imported"):
        with_imported(experiment("rvq={weights: official, checkpoint: cc}"), store)


def test_weights_of_another_size_are_refused_before_anything_runs(store: ArtifactStore) -> None:
    imported(store, "rvq", "aa", "humanml3d", codebook_size=1024, feature_dim=263)
    with pytest.raises(ModelError, match="rvq: the imported weights have codebook_size 1024, not"):
        with_imported(experiment("rvq=official"), store)
    right = experiment("rvq={weights: official, codebook_size: 1024}")
    assert with_imported(right, store).rvq.checkpoint == "aa"


def test_settings_of_a_training_that_is_not_run_change_no_fingerprint() -> None:
    one = SystemStages(experiment("rvq=official"))
    other = SystemStages(experiment("rvq.weights=official", "rvq.training.max_steps=7"))
    assert one.rvq.fingerprint == other.rvq.fingerprint
    assert one.masked.fingerprint == other.masked.fingerprint


def test_trained_parts_need_nothing(store: ArtifactStore) -> None:
    plain = experiment()
    assert with_imported(plain, store) == plain


def test_other_weights_in_the_same_folder_are_another_experiment(tmp_path: Path) -> None:
    folder = tmp_path / "wavlm"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    given = experiment(f"extractor={{name: wavlm, weights: {folder}}}")
    contents = []
    for weights in (b"one", b"two", b"two"):
        (folder / "model.safetensors").write_bytes(weights)
        filled = with_weights(given, tmp_path / "cache")
        contents.append(SystemStages(filled).features("original").fingerprint)
    assert contents[0] != contents[1] == contents[2]


def test_a_text_encoders_folder_counts_too(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"numbers")
    sets = ["condition=text", f"text_encoder={{name: clip, weights: {tmp_path}}}"]
    assert with_weights(experiment(*sets), None).text_encoder.content is not None
    assert with_weights(experiment(*sets[1:]), None).text_encoder.content is None


def test_a_cascades_recognizer_counts_where_it_hears(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"numbers")
    weights = f"recognizer={{name: whisper, weights: {tmp_path}}}"
    cascade = experiment("condition=text", "test_text=transcripts", weights)
    assert with_weights(cascade, None).recognizer.content is not None
    assert with_weights(experiment("condition=text", weights), None).recognizer.content is None


def test_speech_models_count_with_all_their_folders(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("weights", "vocoder", "speakers")}
    for folder in folders.values():
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"one")
    given = ", ".join(f"{key}: {folder}" for key, folder in folders.items())
    spoken = experiment(f"speech={{name: speecht5, {given}}}")
    before = with_weights(spoken, None).speech
    (folders["speakers"] / "anna.npy").write_bytes(b"two")
    after = with_weights(spoken, None).speech
    assert before.content != after.content
    assert with_weights(spoken, None).speech == after


def test_random_weights_have_no_content() -> None:
    given = experiment("extractor={name: wavlm, weights: random, random_size: tiny}")
    assert with_weights(given, None) == given


def test_a_hub_id_gets_the_revision_that_is_known(caplog: pytest.LogCaptureFixture) -> None:
    known = with_weights(experiment("extractor={name: wavlm}", "weights=pretrained"), None)
    assert known.extractor.revision == "4c66d4806a428f2e922ccfa1a962776e232d487b"
    assert not caplog.records
    mine = experiment("extractor={name: wavlm, weights: own/wavlm, revision: abc}")
    assert with_weights(mine, None).extractor.revision == "abc"
    assert not caplog.records
    other = with_weights(experiment("extractor={name: wavlm, weights: own/wavlm}"), None)
    assert other.extractor.revision is None
    assert "'own/wavlm' has no revision" in caplog.text
