from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.errors import ConfigError, ModelError
from audiomotion.models.official.parts import read_part
from tests.golden import golden_keys
from tests.models.official_files import (
    compact_state,
    content_of,
    module_name,
    without_layers,
    write_folder,
    write_statistics,
)

PARTS = [
    ("rvq", "humanml3d"), ("rvq", "kit"), ("masked", "humanml3d"), ("residual", "kit"),
    ("length", "kit"), ("evaluator", "humanml3d"), ("evaluator", "kit"),
]  # fmt: skip


def refused(place: Path, what: str = "rvq", dataset: str | None = None) -> str:
    with pytest.raises(ModelError) as error:
        read_part(place, what, dataset)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("what", "dataset"), PARTS)
def test_every_part_is_read_with_its_published_names(
    tmp_path: Path, what: str, dataset: str
) -> None:
    part = read_part(write_folder(tmp_path, what, dataset), what, dataset)
    expected = compact_state(module_name(what, dataset))
    assert part.tensors.keys() == expected.keys()
    assert all(tensor.equal(expected[name]) for name, tensor in part.tensors.items())
    count = sum(tensor.numel() for tensor in part.tensors.values())
    codebooks = 6 * 512 * 512 if what == "rvq" else 0  # no parameters, but part of it
    assert count - codebooks <= golden_keys(module_name(what, dataset))["parameter_count"]
    assert (part.what, part.dataset) == (what, dataset)


def test_the_file_its_folder_and_the_folder_above_are_all_good_places(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    file = folder / "model" / "net_best_fid.tar"
    for place in (folder, folder / "model", file):
        part = read_part(place, "rvq")
        assert part.source == file
        assert part.statistics is not None and part.statistics.folder == folder / "meta"


def test_the_published_choice_among_several_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "masked", "kit")
    (folder / "model" / "net_best_fid.tar").write_bytes(b"another")
    assert read_part(folder, "masked", "kit").source.name == "latest.tar"


def test_older_files_have_older_keys(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    torch.save({"net": compact_state("rvqvae_kit")}, folder / "model" / "net_best_fid.tar")
    assert read_part(folder, "rvq").dataset == "kit"


@pytest.mark.parametrize("num_layers", [6, 8])
@pytest.mark.parametrize("what", ["masked", "residual"])
def test_layers_are_counted(tmp_path: Path, what: str, num_layers: int) -> None:
    state = without_layers(compact_state(module_name(what, "kit")), num_layers)
    part = read_part(write_folder(tmp_path, what, "kit", state), what, "kit")
    assert part.sizes["num_layers"] == num_layers
    assert part.sizes["codebook_size"] == part.sizes["condition_dim"] == 512


def test_weights_that_are_not_shared_are_told_from_the_names(tmp_path: Path) -> None:
    state = compact_state("residual_transformer_noshare_weight")
    part = read_part(write_folder(tmp_path, "residual", "kit", state), "residual", "kit")
    assert part.sizes["share_weights"] is False
    assert part.sizes["num_quantizers"] == 6


def test_other_codebooks_and_conditions_are_sizes_too(tmp_path: Path) -> None:
    state = compact_state("mask_transformer")
    state["token_emb.weight"] = torch.zeros(1026, 512)
    state["cond_emb.weight"] = torch.zeros(384, 768)
    for name in ("weight", "bias"):
        state[f"output_process.poseFinal.{name}"] = torch.zeros(1024, *[384] * (name == "weight"))
    sizes = read_part(write_folder(tmp_path, "masked", "kit", state), "masked", "kit").sizes
    assert (sizes["codebook_size"], sizes["condition_dim"]) == (1024, 768)


def test_a_text_encoder_and_a_table_of_positions_are_passed_over(tmp_path: Path) -> None:
    state = compact_state("mask_transformer")
    others = {
        "position_enc.pe": torch.zeros(5000, 1, 384),
        "clip_model.visual.proj": torch.zeros(3),
        "clip_model.ln_final.weight": torch.full((3,), torch.nan),
    }
    part = read_part(write_folder(tmp_path, "masked", "kit", state | others), "masked", "kit")
    assert part.tensors.keys() == state.keys()
    assert part.passed_over == 3


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    state = {name: tensor.half() for name, tensor in compact_state("length_estimator").items()}
    part = read_part(write_folder(tmp_path, "length", "kit", state), "length", "kit")
    assert {tensor.dtype for tensor in part.tensors.values()} == {torch.float32}


def test_what_was_read_outlives_its_file(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "length", "kit")
    part = read_part(folder, "length", "kit")
    (folder / "model" / "finest.tar").write_bytes(b"gone")
    expected = compact_state("length_estimator")
    assert all(tensor.equal(expected[name]) for name, tensor in part.tensors.items())


def test_all_that_is_wrong_is_counted_and_the_first_are_named(tmp_path: Path) -> None:
    state = compact_state("rvqvae_t2m")
    for layer in range(1, 6):
        del state[f"quantizer.layers.{layer}.codebook"]
    state["decoder.model.9.weight"] = torch.zeros(3)
    state["encoder.model.0.bias"] = torch.zeros(511)
    state["encoder.model.4.bias"] = torch.zeros(512, dtype=torch.int64)
    state["encoder.model.4.weight"] = torch.full((512, 512, 3), torch.nan)
    state["decoder.model.0.bias"] = torch.full((512,), torch.inf)
    said = refused(write_folder(tmp_path, "rvq", "humanml3d", state))
    assert "net_best_fid.tar is not the published rvq" in said
    assert "5 tensors missing (quantizer.layers.1.codebook, quantizer.layers.2.codebook, " in said
    assert "quantizer.layers.3.codebook and 2 more)" in said
    assert "1 tensor too many (decoder.model.9.weight)" in said
    assert "1 tensor of another shape (encoder.model.0.bias is 511, not 512)" in said
    assert "1 tensor of another type (encoder.model.4.bias)" in said
    assert "2 tensors with NaN or infinite values" in said


@pytest.mark.parametrize(("what", "dataset"), PARTS)
def test_each_missing_extra_or_misshapen_tensor_is_found(
    tmp_path: Path, what: str, dataset: str
) -> None:
    whole = compact_state(module_name(what, dataset))
    last = list(whole)[-1]
    prefix = "motion_encoder." if what == "evaluator" else ""
    for change, said in (
        ({last: None}, "missing"),
        ({f"{prefix}extra.weight": torch.zeros(2)}, f"too many ({prefix}extra.weight)"),
        ({last: torch.zeros(2, 2, 2, 2)}, f"of another shape ({last} is 2x2x2x2, not "),
        ({last: torch.full(whole[last].shape, torch.nan)}, f"NaN or infinite values ({last})"),
    ):
        state = {name: value for name, value in (whole | change).items() if value is not None}
        root = tmp_path / said[:3]
        assert said in refused(write_folder(root, what, dataset, state), what, dataset)


def test_a_layer_in_the_middle_that_is_missing_is_found(tmp_path: Path) -> None:
    state = compact_state("mask_transformer")
    gone = {name: value for name, value in state.items() if ".layers.3." not in name}
    said = refused(write_folder(tmp_path, "masked", "kit", gone), "masked", "kit")
    assert "12 tensors missing (seqTransEncoder.layers.3." in said
    assert "12 tensors too many (seqTransEncoder.layers.7." in said
    assert "and 9 more" in said


def test_numbers_too_large_for_single_precision_are_infinite(tmp_path: Path) -> None:
    state = compact_state("length_estimator")
    state["output.0.bias"] = torch.full((512,), 1e300, dtype=torch.float64)
    said = refused(write_folder(tmp_path, "length", "kit", state), "length", "kit")
    assert "infinite values (output.0.bias)" in said


def test_another_part_is_recognised(tmp_path: Path) -> None:
    said = refused(write_folder(tmp_path, "rvq", "kit") / "model/net_best_fid.tar", "masked", "kit")
    assert "should hold t2m_transformer or trans and holds 'vq_model'" in said
    assert said.endswith("it looks like a checkpoint of rvq")


def test_an_evaluator_has_all_three_encoders(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "evaluator", "kit")
    content = content_of("evaluator", compact_state("evaluator_kit"))
    del content["text_encoder"]
    torch.save(content, folder / "model" / "finest.tar")
    said = refused(folder, "evaluator")
    assert "should hold movement_encoder and text_encoder and motion_encoder" in said


def test_an_empty_folder_lists_what_was_looked_for(tmp_path: Path) -> None:
    said = refused(tmp_path)
    assert "looked for net_best_fid.tar, latest.tar, finest.tar in" in said
    assert str(tmp_path / "model") in said


def test_a_width_of_no_published_data_set(tmp_path: Path) -> None:
    state = compact_state("rvqvae_t2m")
    state["encoder.model.0.weight"] = torch.zeros(512, 100, 3)
    said = refused(write_folder(tmp_path, "rvq", "humanml3d", state))
    assert "100 features" in said and "263 (humanml3d) or 251 (kit)" in said


def test_the_data_set_that_the_tensors_tell_holds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--dataset kit: .* 263 features, which is humanml3d"):
        read_part(write_folder(tmp_path, "rvq", "humanml3d"), "rvq", "kit")


@pytest.mark.parametrize("what", ["masked", "residual", "length"])
def test_the_data_set_has_to_be_given_where_the_tensors_do_not_tell(
    tmp_path: Path, what: str
) -> None:
    with pytest.raises(ConfigError, match=r"--dataset is missing: .*same tensors for both"):
        read_part(write_folder(tmp_path, what, "kit"), what)


def test_missing_statistics_say_where_they_belong(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    (folder / "meta" / "std.npy").unlink()
    said = refused(folder)
    assert f"mean.npy and std.npy belong in {folder / 'meta'};" in said
    assert "--meta DIR" in said
    meta = write_statistics(tmp_path / "elsewhere", 251)
    part = read_part(folder, "rvq", meta=meta)
    assert part.statistics is not None and part.statistics.folder == meta


def test_an_evaluators_statistics_lie_beside_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "evaluator", "kit")
    (folder / "meta").rename(tmp_path / "meta")
    said = refused(folder, "evaluator")
    assert str(folder.parent / "Comp_v6_KLD005" / "meta") in said
    (folder.parent / "Comp_v6_KLD005").mkdir()
    (tmp_path / "meta").rename(folder.parent / "Comp_v6_KLD005" / "meta")
    part = read_part(folder, "evaluator")
    assert part.statistics is not None
    assert part.statistics.mean.dtype == np.float32
    assert np.array_equal(part.statistics.std, np.linspace(0.02, 2, 251, dtype=np.float32))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mean": np.zeros(263, np.float32)}, r"shape \(263,\).*251 features.*\(251,\)"),
        ({"std": np.zeros(251, np.float32)}, "deviations of 0 or less"),
        ({"std": np.full(251, np.nan, np.float32)}, "NaN or infinite"),
        ({"mean": np.zeros(251, np.int64)}, "no array of real numbers"),
        ({"mean": np.full(251, None)}, "cannot be read as an array"),
    ],
)
def test_statistics_are_checked(tmp_path: Path, changes: dict[str, np.ndarray], said: str) -> None:
    folder = write_folder(tmp_path, "rvq", "kit")
    write_statistics(folder / "meta", 251, **changes)
    with pytest.raises(ModelError, match=said):
        read_part(folder, "rvq")
