"""Published folders through the command line; what is stored gives the published outputs."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from audiomotion.config.experiment import EvaluatorConfig, MaskedConfig, ResidualConfig, RvqConfig
from audiomotion.data.word_vectors import WORDS_FILE, load_word_vectors
from audiomotion.errors import ModelError
from audiomotion.extract.imagebind_trunk import TINY, AudioBranch
from audiomotion.models.evaluator import MotionTextEvaluator, pos_one_hot
from audiomotion.models.length_estimator import LengthEstimator
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.published import load_imported
from audiomotion.models.residual_transformer import ResidualTransformer
from audiomotion.models.rvq import RvqVae
from audiomotion.orchestrate import official
from audiomotion.orchestrate.importing import find_imported
from audiomotion.orchestrate.official import importable_imagebind
from audiomotion.orchestrate.store import ArtifactStore
from tests.cli.command_line import Ended, amx
from tests.golden import load_golden
from tests.models.official_files import (
    WORDS,
    Trap,
    compact_state,
    filled_folder,
    write_folder,
    write_glove,
    write_statistics,
)
from tests.models.published_models import golden_inputs, same_logits

JOINTS = {263: 22, 251: 21}


def imported(*args: object) -> dict[str, Any]:
    ended = amx("import", *args, "--json")
    assert ended.code == 0, ended.err
    (row,) = json.loads(ended.out)
    return row


def loaded(network: nn.Module, row: dict[str, Any]) -> nn.Module:
    load_imported(network, Path(row["folder"]) / "model.safetensors")
    return network.eval()


def close(actual: torch.Tensor, expected: np.ndarray) -> None:
    limit = 1e-4 * float(np.abs(expected).max())
    torch.testing.assert_close(actual, torch.as_tensor(expected), rtol=0, atol=limit)


@pytest.mark.parametrize(
    ("dataset", "golden"), [("humanml3d", "rvqvae_t2m"), ("kit", "rvqvae_kit")]
)
@torch.no_grad()
def test_an_imported_rvq_gives_the_published_tokens_and_motion(
    tmp_path: Path, dataset: str, golden: str
) -> None:
    folder = filled_folder(tmp_path, "rvq", dataset)
    row = imported("momask", "--checkpoint", folder, "--what", "rvq")
    assert (row["what"], row["dataset"]) == ("rvq", dataset)
    sizes = dict(row["sizes"])
    width = sizes.pop("feature_dim")
    model = loaded(RvqVae(RvqConfig(padding="published", **sizes), width, JOINTS[width]), row)
    expected = load_golden(golden)
    tokens = model.encode(torch.from_numpy(expected["motion"]))
    assert tokens.equal(torch.from_numpy(expected["indices"]).long())
    close(model.decode(tokens)[..., :48], expected["decode_first48"])
    with np.load(Path(row["folder"]) / "stats.npz") as stats:
        for name in ("mean", "std"):
            published = np.load(folder / "meta" / f"{name}.npy")
            assert stats[name].dtype == published.dtype
            assert np.array_equal(stats[name], published)


@pytest.mark.parametrize("num_layers", [6, 8])
@torch.no_grad()
def test_an_imported_masked_transformer_gives_the_published_logits(
    tmp_path: Path, num_layers: int
) -> None:
    folder = filled_folder(tmp_path, "masked", "kit", num_layers)
    row = imported("momask", "--checkpoint", folder, "--what", "masked", "--dataset", "kit")
    sizes = row["sizes"]
    assert sizes["num_layers"] == num_layers
    config = MaskedConfig(num_layers=num_layers)
    network = MaskedTransformer(config, sizes["codebook_size"], sizes["condition_dim"])
    model = loaded(network, row)
    golden = load_golden(f"mask_transformer_logits_{num_layers}layers")
    tokens, condition, valid = golden_inputs(golden)
    conditional, null = model(tokens, condition, valid), model(tokens, condition.null(), valid)
    guided = null + 4 * (conditional - null)
    same_logits(guided[..., ::8], golden["logits_cfg4_every8"], valid, 2e-4)


@torch.no_grad()
def test_an_imported_residual_transformer_gives_the_published_logits(tmp_path: Path) -> None:
    folder = filled_folder(tmp_path, "residual", "kit")
    row = imported("momask", "--checkpoint", folder, "--what", "residual", "--dataset", "kit")
    sizes = row["sizes"]
    config = ResidualConfig(num_layers=sizes["num_layers"], share_weights=sizes["share_weights"])
    model = loaded(
        ResidualTransformer(
            config, sizes["codebook_size"], sizes["num_quantizers"], sizes["condition_dim"]
        ),
        row,
    )
    golden = load_golden("residual_transformer_logits_8layers")
    tokens, condition, valid = golden_inputs(golden)
    for layer in (1, 4):
        logits = model(tokens, layer, condition, valid)[..., ::8]
        same_logits(logits, golden[f"q{layer}_logits_cond_every8"], valid, 2e-3)


@torch.no_grad()
def test_an_imported_length_estimator_gives_the_published_logits(tmp_path: Path) -> None:
    folder = filled_folder(tmp_path, "length", "humanml3d")
    row = imported("momask", "--checkpoint", folder, "--what", "length", "--dataset", "humanml3d")
    golden = load_golden("length_estimator")
    model = loaded(LengthEstimator(**row["sizes"]), row)
    close(model(torch.from_numpy(golden["cond"])), golden["logits"])


@pytest.mark.parametrize(
    ("dataset", "golden"), [("humanml3d", "evaluator_t2m"), ("kit", "evaluator_kit")]
)
@torch.no_grad()
def test_an_imported_evaluator_gives_the_published_embeddings(
    tmp_path: Path, dataset: str, golden: str
) -> None:
    folder = filled_folder(tmp_path, "evaluator", dataset)
    row = imported("t2m-evaluator", "--checkpoint", folder)
    assert (row["what"], row["dataset"]) == ("evaluator", dataset)
    model = loaded(MotionTextEvaluator(EvaluatorConfig(), row["sizes"]["feature_dim"]), row)
    expected = load_golden(golden)
    arrays = {name: torch.from_numpy(array) for name, array in expected.items()}
    motion = model.embed_motion(arrays["motions"], arrays["m_lens"])
    close(motion, expected["motion_emb_input_order"])
    classes = pos_one_hot(arrays["pos_ids"].long())
    text = model.embed_text(arrays["word_embs"], classes, arrays["cap_lens"])
    close(text, expected["text_emb_input_order"])


def test_what_was_found_is_shown_and_how_to_use_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    command = ("import", "momask", "--checkpoint", folder, "--what", "rvq")
    ended = amx(*command)
    assert ended.code == 0
    (found,) = find_imported(ArtifactStore(Path("amx-store")), "rvq", "kit")
    for words in (
        "rvq of kit, from net_best_fid.tar",
        "72, 20,972,795 numbers",
        "codebook_size 512",
        f"from {folder / 'meta'}",
        "KIT Motion-Language",
        found.artifact.fingerprint[:16],
        "rvq: official",
    ):
        assert words in ended.out
    again = amx(*command)
    assert again.code == 0
    assert "was there already: nothing was written" in again.out
    assert found.artifact.fingerprint[:16] in again.out


def test_a_copy_with_other_training_state_is_the_same_artifact(tmp_path: Path) -> None:
    first = imported(
        "momask", "--checkpoint", write_folder(tmp_path, "rvq", "kit"), "--what", "rvq"
    )
    copy = write_folder(tmp_path / "copy", "rvq", "kit", _use_new_zipfile_serialization=False)
    second = imported("momask", "--checkpoint", copy, "--what", "rvq")
    assert second["fingerprint"] == first["fingerprint"]
    assert (first["new"], second["new"]) == (True, False)


def test_other_statistics_are_another_artifact_and_both_are_listed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    meta = write_statistics(tmp_path / "meta", 251, mean=np.zeros(251, np.float32))
    first = imported("momask", "--checkpoint", folder, "--what", "rvq")
    second = imported("momask", "--checkpoint", folder, "--what", "rvq", "--meta", meta)
    assert first["fingerprint"] != second["fingerprint"]
    listed = json.loads(amx("artifacts", "list", "--json").out)
    assert {item["fingerprint"] for item in listed} == {
        first["fingerprint"], second["fingerprint"],
    }  # fmt: skip
    assert {item["stage"] for item in listed} == {"checkpoint"}
    assert len(amx("artifacts", "list").out.splitlines()) == 2
    shown = json.loads(amx("artifacts", "show", first["fingerprint"][:12]).out)
    assert (shown["config"]["what"], shown["config"]["dataset"]) == ("rvq", "kit")
    assert amx("artifacts", "verify").code == 0
    found = find_imported(ArtifactStore(Path("amx-store")), "rvq", "kit")
    assert {item.artifact.fingerprint for item in found} == {
        first["fingerprint"], second["fingerprint"],
    }  # fmt: skip


def test_word_vectors_alone_and_with_the_evaluator(tmp_path: Path) -> None:
    glove = write_glove(tmp_path / "glove")
    alone = imported("glove", "--folder", glove)
    assert (alone["what"], alone["dataset"]) == ("word-vectors", None)
    assert alone["sizes"] == {"num_words": 6, "word_dim": 300}
    vocabulary, vectors = load_word_vectors(Path(alone["folder"]))
    assert vocabulary.words == tuple(WORDS)
    assert vectors[1][:2] == pytest.approx([3.0, 3.01])
    folder = write_folder(tmp_path, "evaluator", "kit")
    ended = amx("import", "t2m-evaluator", "--checkpoint", folder, "--glove", glove, "--json")
    evaluator, words = json.loads(ended.out)
    assert (evaluator["what"], evaluator["new"]) == ("evaluator", True)
    assert (words["fingerprint"], words["new"]) == (alone["fingerprint"], False)
    shown = amx("import", "t2m-evaluator", "--checkpoint", folder, "--glove", glove).out
    assert "evaluator: official" in shown
    assert "evaluator: {word_vectors: glove}" in shown


def imagebind_file(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    path = folder / "imagebind_huge.pth"
    torch.save({"modality_trunks.vision.blocks.0.norm_1.weight": torch.ones(1280), **state}, path)
    return path


def test_the_audio_branch_of_imagebind_has_the_published_tensors(tmp_path: Path) -> None:
    scale = {"modality_postprocessors.audio.1.log_logit_scale": torch.tensor(2.9957)}
    state = compact_state("imagebind_audio") | scale
    found = importable_imagebind(imagebind_file(tmp_path, state))
    assert found.record["num_tensors"] == 177
    assert found.record["num_parameters"] == 86_235_648 + 1  # the scale is learned elsewhere
    assert found.record["passed_over"] == 1
    del state["modality_heads.audio.2.weight"]
    with pytest.raises(ModelError, match=r"1 tensor missing \(modality_heads\.audio\.2\.weight\)"):
        importable_imagebind(imagebind_file(tmp_path, state))
    with pytest.raises(ModelError, match="no tensor of an audio branch"):
        importable_imagebind(imagebind_file(tmp_path, {}))


def test_only_the_audio_branch_of_imagebind_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official, "HUGE", TINY)
    state = AudioBranch(TINY).state_dict()
    imagebind_file(tmp_path, state)
    ended = amx("import", "imagebind-audio", "--checkpoint", tmp_path)
    assert ended.code == 0, ended.err
    for words in (
        "imagebind-audio, from imagebind_huge.pth",
        "1 other left out",
        "CC BY-NC-SA 4.0: no commercial use",
        "extractor: {name: imagebind, weights: official}",
    ):
        assert words in ended.out
    (found,) = find_imported(ArtifactStore(Path("amx-store")), "imagebind-audio")
    stored = load_file(found.artifact.folder / "model.safetensors")
    assert stored.keys() == state.keys()
    assert all(tensor.equal(state[name]) for name, tensor in stored.items())


def refused(tmp_path: Path, code: int, *args: object) -> str:
    ended: Ended = amx("import", *args)
    assert (ended.code, ended.out) == (code, "")
    assert not (tmp_path / "amx-store").exists()
    return ended.problem


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    path = folder / "model" / "net_best_fid.tar"
    torch.save({"vq_model": compact_state("rvqvae_kit"), "ep": Trap(tmp_path / "ran")}, path)
    said = refused(tmp_path, 5, "momask", "--checkpoint", folder, "--what", "rvq")
    assert "carries code" in said and "not run" in said
    path = tmp_path / "imagebind_huge.pth"
    torch.save(Trap(tmp_path / "ran"), path)
    assert "carries code" in refused(tmp_path, 5, "imagebind-audio", "--checkpoint", path)
    glove = write_glove(tmp_path / "glove")
    (glove / WORDS_FILE).write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    assert "carries code" in refused(tmp_path, 5, "glove", "--folder", glove)
    assert not (tmp_path / "ran").exists()


def test_an_evaluator_is_not_imported_where_its_word_vectors_are_bad(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "evaluator", "kit")
    said = refused(
        tmp_path, 5, "t2m-evaluator", "--checkpoint", folder, "--glove", tmp_path / "none"
    )
    assert "lacks our_vab_data.npy" in said


def test_wrong_arguments_are_said_in_a_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "masked", "kit")
    momask = ("momask", "--checkpoint", folder)
    assert "--dataset is missing" in refused(tmp_path, 2, *momask, "--what", "masked")
    said = refused(tmp_path, 2, *momask, "--what", "masked", "--dataset", "kit", "--meta", folder)
    assert "--meta is for rvq alone" in said
    assert "'masks'" in refused(tmp_path, 2, *momask, "--what", "masks")
    said = refused(tmp_path, 2, *momask, "--what", "masked", "--dataset", "demo")
    assert "'humanml3d', 'kit'" in said
    empty = ("momask", "--checkpoint", tmp_path, "--what", "rvq")
    assert "looked for net_best_fid.tar" in refused(tmp_path, 5, *empty)
    said = refused(
        tmp_path, 5, "momask", "--checkpoint", folder / "model" / "latest.tar", "--what", "rvq"
    )
    assert "looks like a checkpoint of masked" in said


def test_a_file_that_is_cut_short(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "length", "kit")
    path = folder / "model" / "finest.tar"
    path.write_bytes(path.read_bytes()[:-500])
    said = refused(
        tmp_path, 5, "momask", "--checkpoint", folder, "--what", "length", "--dataset", "kit"
    )
    assert "cut short" in said
