import json
from pathlib import Path

import pytest

from audiomotion.report.fairness.card import FairnessCard, fairness_card
from audiomotion.report.fairness.show import card_as_json, card_sheet
from audiomotion.report.fairness.tracked import tracked_values
from audiomotion.report.render.html import html_sheet
from audiomotion.report.render.markdown import markdown
from audiomotion.report.render.terminal import plain
from tests.report.fairness.recorded import arm, keep, manifest, run, trained


@pytest.fixture
def card(tmp_path: Path) -> FairnessCard:
    wide = trained({"parameters": 6_000_000, "compressor_parameters": 2_000_000})
    record = run(
        *(arm(tmp_path, "memory-retrieval", seed=seed) for seed in (0, 1)),
        *(
            arm(tmp_path, "conv1d", "compressor={name: conv1d}", seed=seed, facts=wide)
            for seed in (0, 1)
        ),
    )
    return fairness_card(record, tmp_path)


def cells(card: FairnessCard, name: str) -> dict[str, str]:
    (grid,) = card_sheet(card).grids
    place = [heading.label for heading in grid.headings].index(name)
    return {row.cells[0].text: row.cells[place].text for row in grid.groups[0]}


def test_what_an_arm_is_made_of_and_was_given(card: FairnessCard) -> None:
    found = cells(card, "memory-retrieval")
    assert found["trainable parameters (masked + residual)"] == "5 M + 5 M"
    assert found["of these in compressors"] == "1 M + 1 M"
    assert found["frozen parameters"] == "90 M"
    assert found["encoder FLOPs a second of audio"] == "2 G"
    assert found["training FLOPs a sample"] == "3 G + 3 G"
    assert found["of these in compressors, FLOPs"] == "750 M + 750 M"
    assert found["training FLOPs"] == "2.4 T + 2.4 T"
    assert found["steps"] == "100 + 100"
    assert found["samples seen"] == "800 + 800"


def test_times_of_a_seed_are_means_and_those_of_an_arm_sums(card: FairnessCard) -> None:
    found = cells(card, "memory-retrieval")
    assert found["training time of a seed"] == "20 s"
    assert found["training CPU time of a seed"] == "40 s"
    assert found["training GPU time of a seed"] == "10 s"
    # Of two seeds: three stages each, and three that both share; the ceiling is no arm's.
    assert found["time of all stages"] == "90 s"
    assert found["GPU time of all stages"] == "45 s"
    assert (found["peak memory of trainings"], found["peak GPU memory of trainings"]) == (
        "2 GB",
        "1 GB",
    )


def test_twice_the_parameters_is_no_warning(card: FairnessCard) -> None:
    assert (card.warnings, card.inherent) == ([], [])


def test_what_is_shared_is_said(card: FairnessCard) -> None:
    (remark,) = card.remarks
    assert remark == (
        "Made once, shared, and counted for each arm that uses it: dataset, evaluator, features "
        "(all arms)."
    )


def test_an_older_record_is_not_recorded_and_is_no_zero(tmp_path: Path) -> None:
    record = run(arm(tmp_path, "a"), arm(tmp_path, "b"))
    old = manifest("masked", "masked-b-0")
    keep(tmp_path, {key: old[key] for key in old if key not in ("facts", "resources")})
    card = fairness_card(record, tmp_path)
    found = cells(card, "b")
    assert found["training FLOPs"] == "not recorded + 2.4 T"
    assert found["steps"] == "100 + 100"
    assert found["training time of a seed"] == "20 s"
    assert found["training GPU time of a seed"] == "not recorded"
    assert card.remarks[-1] == (
        "Not recorded of b: masked (gone, or made by a version that recorded less)."
    )
    assert card.warnings == []


def test_of_an_artifact_that_is_gone_nothing_is_known(tmp_path: Path) -> None:
    record = run(arm(tmp_path, "a"), arm(tmp_path, "b"))
    (tmp_path / "features" / "features-90000000" / "manifest.json").unlink()
    card = fairness_card(record, tmp_path)
    assert cells(card, "a")["frozen parameters"] == "not recorded"
    assert "Not recorded of a, b: features" in card.remarks[-1]


def test_a_manifest_that_was_fetched_alone_is_read(tmp_path: Path) -> None:
    record = run(arm(tmp_path, "a"))
    whole = fairness_card(record, tmp_path)
    for path in tmp_path.glob("*/*/manifest.json"):
        path.rename(path.with_name("seen-manifest.json"))
    assert fairness_card(record, tmp_path) == whole


def test_published_weights_are_not_trained(tmp_path: Path) -> None:
    official = ("rvq=official", "masked=official", "condition=text")
    record = run(arm(tmp_path, "a", *official), arm(tmp_path, "b", *official))
    found = cells(fairness_card(record, tmp_path), "a")
    assert found["steps"] == "published + 100"


def test_every_form_has_every_arm_and_every_sentence(card: FairnessCard) -> None:
    sheet = card_sheet(card)
    for form in (markdown(sheet), html_sheet(sheet), plain(sheet)):
        assert "memory-retrieval" in form and "conv1d" in form
        assert "2.4 T + 2.4 T" in form
        for sentence in (*card.warnings, *card.inherent, *card.remarks):
            assert sentence in form
        assert "3 × the forward pass" in form


def test_four_arms_stand_abreast(tmp_path: Path) -> None:
    grids = card_sheet(
        fairness_card(run(*(arm(tmp_path, name) for name in "abcde")), tmp_path)
    ).grids
    assert [len(grid.headings) for grid in grids] == [5, 2]


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    page = html_sheet(card_sheet(fairness_card(run(arm(tmp_path, "a<b>")), tmp_path)))
    assert "a&lt;b&gt;" in page and "<b>" not in page


def test_json_has_seeds_apart(card: FairnessCard) -> None:
    content = json.loads(card_as_json(card))
    first, second = content["arms"]
    assert [one["seed"] for one in first["seeds"]] == [0, 1]
    masked = second["seeds"][0]["trainings"]["masked"]
    assert masked["compressor_parameters"] == 2_000_000
    assert masked["flops"] == 3 * 1e9 * 800
    assert masked["spending"]["seconds"] == 10
    assert first["seeds"][0]["frozen"]["features"]["flops_per_second"] == 2e9
    assert first["whole"]["seconds"] == 90
    assert first["shared"]["features"] == ["conv1d"]


def test_flat_numbers_for_a_tracker(card: FairnessCard) -> None:
    metrics = tracked_values(card, "conv1d", 1)
    assert metrics["card/frozen_parameters"] == 90_000_000
    assert metrics["card/masked_compressor_parameters"] == 2_000_000
    assert metrics["card/residual_steps"] == 100
    assert metrics["card/masked_flops"] == 2.4e12
    assert metrics["card/trained_gpu_seconds"] == 10
    assert metrics["card/whole_seconds"] == 60
    assert all(isinstance(value, float) for value in metrics.values())
