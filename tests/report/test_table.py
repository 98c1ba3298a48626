from dataclasses import replace

import pytest

from audiomotion.errors import DataError
from audiomotion.files import write_json
from audiomotion.report.building import build_table
from audiomotion.report.columns import table_columns
from audiomotion.report.statistics import Figure, over_seeds
from audiomotion.stages.results import RESULT
from tests.report.launches import TABLE6, axes, done, experiment, failed, launch, result


def row(table, name):
    (found,) = [row for row in table.rows if row.name == name]
    return found


def test_one_seed_shows_the_interval_over_its_repeats(tmp_path):
    # The deviation of (1, 3) around 2 is 1: 1.96 · 1 / √2.
    table = build_table(launch(tmp_path, done(tmp_path, "wavlm", 0, result([1.0, 3.0]))), tmp_path)
    assert row(table, "wavlm").figures["fid"].mean == 2
    assert row(table, "wavlm").figures["fid"].half_width == pytest.approx(1.96 / 2**0.5)
    assert row(table, "wavlm").figures["top1"] == Figure(0.5, 0.0)
    assert "1.96·std/√2 over repeats of one trained model" in table.notes[0]


def test_several_seeds_show_the_interval_over_seeds_and_keep_their_own(tmp_path):
    arms = [
        done(tmp_path, "wavlm", seed, result([fid, fid + 2])) for seed, fid in enumerate((1, 2, 6))
    ]
    table = build_table(launch(tmp_path, *arms), tmp_path)
    assert row(table, "wavlm").figures["fid"] == over_seeds([2, 3, 7])
    assert [row(table, "wavlm").by_seed[seed]["fid"].mean for seed in range(3)] == [2, 3, 7]
    assert "Student's t over 3 training seeds" in table.notes[0]


def test_one_seed_left_of_two_has_no_interval(tmp_path):
    arms = [done(tmp_path, "wavlm", 0, result([1.0, 3.0])), failed("wavlm", 1, "rvq: no data")]
    found = row(build_table(launch(tmp_path, *arms), tmp_path), "wavlm")
    assert found.figures["fid"] == Figure(2.0, None)
    assert found.by_seed[0]["fid"].half_width > 0
    assert found.reason == "seed 1: rvq: no data"


def test_one_repeat_has_no_interval(tmp_path):
    table = build_table(launch(tmp_path, done(tmp_path, "wavlm", 0, result([1.0]))), tmp_path)
    assert row(table, "wavlm").figures["fid"] == Figure(1.0, None)


def test_published_sampling_is_said(tmp_path):
    content = result([1.0, 2.0]) | {"sampling": "published"}
    notes = build_table(launch(tmp_path, done(tmp_path, "wavlm", 0, content)), tmp_path).notes
    assert "sampling: published" in notes[0] and "in no metric: 3 or fewer" in notes[0]
    other = build_table(launch(tmp_path, done(tmp_path, "conv", 0, result([1.0]))), tmp_path)
    assert "published (" not in other.notes[0] and "in no pool: 3 or fewer" in other.notes[0]


def test_a_failed_arm_stands_in_the_table_with_its_reason(tmp_path):
    arms = [done(tmp_path, "wavlm", 0, result([1.0])), failed("encodec", 0, "masked: loss is nan")]
    table = build_table(launch(tmp_path, *arms), tmp_path)
    assert row(table, "encodec").figures == {}
    assert row(table, "encodec").reason == "seed 0: masked: loss is nan"
    assert row(table, "encodec").published[0].figures["fid"] == Figure(2.920)


def test_when_every_arm_failed_there_is_a_table_still(tmp_path):
    table = build_table(launch(tmp_path, failed("wavlm", 0, "no data"), ceiling=False), tmp_path)
    assert row(table, "wavlm").reason == "seed 0: no data"
    assert table.references == []
    assert any("not been measured: no ceiling" in note for note in table.notes)


def test_published_figures_stand_beside_and_only_for_their_arms(tmp_path):
    arms = [done(tmp_path, arm, 0, result([1.0])) for arm in ("wavlm", "log-mel")]
    table = build_table(launch(tmp_path, *arms), tmp_path)
    assert row(table, "wavlm").published[0].figures["mm_dist"] == Figure(2.817)
    assert row(table, "log-mel").published == [None]
    assert [source.place for source in table.published] == ["table 5, kit"]
    assert row(table, "wavlm").figures["mm_distance"].mean == 3


def test_an_axis_that_the_paper_has_not_stands_alone(tmp_path):
    table = build_table(
        launch(tmp_path, done(tmp_path, "wavlm", 0, result([1.0])), axis={}),
        tmp_path,
    )
    assert table.published == []
    assert row(table, "wavlm").published == []


def test_systems_that_are_published_only_stand_last(tmp_path):
    arms = [done(tmp_path, arm, 0, result([1.0])) for arm in ("text", "audio")]
    record = launch(tmp_path, *arms, axis=axes("condition"), dataset="kit")
    table = build_table(record, tmp_path)
    assert [found.name for found in table.published_only][:2] == ["TM2T", "T2M"]
    assert all(found.figures == {} for found in table.published_only)
    columns = table_columns(table)
    assert columns["arm"][-1] == "ReMoDiffuse"
    assert columns["fid"][-1] is None
    assert (columns["paper_table3_fid"][-1], columns["paper_table3_fid_95"][-1]) == (0.155, 0.006)
    assert columns["paper_table3_top1"][columns["arm"].index("MDM")] is None
    assert columns["paper_table3_system"][2:4] == ["MoMask", "the paper's own"]
    said = " ".join(table.notes)
    assert "Published beside, of table 3, kit: MoMask (text), the paper's own (audio)." in said
    assert "Published only, of table 3, kit: TM2T, T2M," in said


def test_two_axes_have_a_published_column_each(tmp_path):
    arms = [
        done(tmp_path, arm, 0, result([1.0]))
        for arm in ("memory-retrieval+wavlm", "conv1d+wavlm", "conv1d+encodec")
    ]
    both = axes("compressor", "feature-extractor")
    table = build_table(launch(tmp_path, *arms, axis=both), tmp_path)
    columns = table_columns(table)
    assert columns["paper_table6_fid"][2:] == [0.121, 2.0, None]
    assert columns["paper_table5_fid"][2:] == [0.113, None, None]
    said = " ".join(table.notes)
    assert "Arms are combinations of compressor and feature-extractor." in said
    assert "not humanml3d of the paper's table 6, not kit of the paper's table 5;" in said


def test_one_axis_at_a_time_is_said(tmp_path):
    arm = done(tmp_path, "memory-retrieval+wavlm", 0, result([1.0]))
    both = axes("compressor", "feature-extractor", one_at_a_time=True)
    said = notes(tmp_path, arm, axis=both)
    assert "One axis at a time: arms differ in one from memory-retrieval+wavlm." in said


def test_arms_that_are_one_system_are_said(tmp_path):
    first = done(tmp_path, "text+wavlm", 0, result([1.0]))
    second = replace(first, arm="text+encodec")
    other = done(tmp_path, "audio+wavlm", 0, result([1.0]))
    said = notes(tmp_path, first, second, other, axis=axes("condition", "feature-extractor"))
    assert "One and the same system, measured once: text+wavlm, text+encodec." in said
    assert "One and the same" not in notes(tmp_path, first, other, axis={})


def test_the_ceiling_is_real_motion_and_its_reconstruction(tmp_path):
    table = build_table(launch(tmp_path, done(tmp_path, "wavlm", 0, result([1.0]))), tmp_path)
    assert [(found.name, found.figures["fid"].mean) for found in table.references] == [
        ("real motion", 0.25),
        ("RVQ reconstruction", 0.5),
    ]


def test_ceilings_that_differ_name_their_arms(tmp_path):
    arms = []
    for number, name in enumerate(("quantizers-2", "quantizers-4", "quantizers-6")):
        arm = done(tmp_path, name, 0, result([1.0]))
        arm.fingerprints["reference"] = f"ceiling-{number}"
        arms.append(arm)
        folder = tmp_path / "reference" / f"ceiling-{number}"
        folder.mkdir(parents=True)
        content = {"real": result([0.25]), "reconstruction": result([0.5 if number else 0.75])}
        write_json(folder / RESULT, content)
    record = launch(tmp_path, *arms, axis=axes("num-quantizers"))
    record = replace(record, references=("ceiling-0", "ceiling-1", "ceiling-2"))
    table = build_table(record, tmp_path)
    assert [(found.name, found.figures["fid"].mean) for found in table.references] == [
        ("real motion", 0.25),
        ("RVQ reconstruction (quantizers-2)", 0.75),
        ("RVQ reconstruction (quantizers-4, quantizers-6)", 0.5),
    ]


def notes(tmp_path, *arms, **changes):
    return " ".join(build_table(launch(tmp_path, *arms, **changes), tmp_path).notes)


def test_random_weights_are_said_by_name(tmp_path):
    arms = [
        done(tmp_path, "wavlm", 0, result([1.0]), weights="random (seed 0)"),
        done(tmp_path, "wavlm", 1, result([1.0]), weights="random (seed 0)"),
        done(tmp_path, "encodec", 0, result([1.0])),
    ]
    said = notes(tmp_path, *arms)
    assert "Encoder weights are not pre-trained (wavlm: random (seed 0)):" in said
    assert "says nothing about the published encoders" in said
    assert "not pre-trained" not in notes(tmp_path, arms[2])


def test_a_recognizer_with_random_weights_is_said(tmp_path):
    arm = done(tmp_path, "cascade", 0, result([1.0]), weights="openai/clip + random (tiny)")
    assert "not pre-trained (cascade: openai/clip + random (tiny)):" in notes(tmp_path, arm)


def test_fewer_repeats_than_published_are_said(tmp_path):
    few = notes(tmp_path, done(tmp_path, "wavlm", 0, result([1.0] * 3)))
    assert "repeats: 3 (the published protocol has 20); clips: 64" in few
    assert "pools for R-precision: 2 or more a repeat" in few
    assert "clips in no pool: 3 or fewer" in few
    full = notes(tmp_path, done(tmp_path, "encodec", 0, result([1.0] * 20)))
    assert "repeats: 20; clips: 64" in full


def test_another_data_set_than_the_published_one_is_said(tmp_path):
    arm = done(tmp_path, "wavlm", 0, result([1.0]))
    assert "Data set: demo, not kit of the paper's table 5;" in notes(tmp_path, arm)
    spoken = replace(arm, experiment=arm.experiment | {"test_variant": "oral"})
    assert "tested on oral captions, not original as in table 5;" in notes(tmp_path, spoken)
    same = notes(tmp_path, arm, dataset="kit")
    assert "Data set: kit; the evaluator and its word vectors were learned on this data set" in same


def test_a_published_slip_is_said_where_its_arm_is_shown(tmp_path):
    retrieval = done(tmp_path, "memory-retrieval", 0, result([1.0]))
    other = done(tmp_path, "conv1d", 0, result([1.0]))
    said = notes(tmp_path, retrieval, axis=TABLE6)
    assert "The published MM Dist of memory-retrieval is very likely a slip" in said
    assert "slip" not in notes(tmp_path, other, axis=TABLE6)


def test_columns_are_for_machines(tmp_path):
    arms = [done(tmp_path, "wavlm", 0, result([1.0, 3.0])), failed("encodec", 0, "no data")]
    columns = table_columns(build_table(launch(tmp_path, *arms), tmp_path))
    assert columns["arm"] == ["real motion", "RVQ reconstruction", "wavlm", "encodec"]
    assert columns["fid"] == [0.25, 0.5, 2.0, None]
    assert columns["fid_95"] == [0.0, 0.0, pytest.approx(1.96 / 2**0.5), None]
    assert columns["paper_table5_mm_distance"] == [None, None, 2.817, 5.548]
    assert columns["paper_table5_system"] == [None, None, "wavlm", "encodec"]
    assert columns["failed"] == ["", "", "", "seed 0: no data"]
    assert columns["multimodality"] == [None] * 4
    assert not {"paper_table5_diversity", "paper_table5_fid_95"} & set(columns)
    assert {len(column) for column in columns.values()} == {4}


def test_a_result_that_is_gone_is_named(tmp_path):
    record = launch(tmp_path, done(tmp_path, "wavlm", 0, result([1.0])))
    (tmp_path / "evaluation" / "wavlm-0" / "metrics.json").unlink()
    with pytest.raises(DataError, match=r"metrics.json is missing"):
        build_table(record, tmp_path)


def test_which_checkpoint_is_measured_is_said(tmp_path):
    last = done(tmp_path, "wavlm", 0, result([1.0]))
    best = replace(last, experiment=experiment(0, "kit"))
    said = [" ".join(build_table(launch(tmp_path, arm), tmp_path).notes) for arm in (last, best)]
    assert "the last checkpoint is measured" in said[0]
    assert "of masked, residual, rvq the checkpoint with the lowest FID" in said[1]


def official(arm, **sections):
    """Return the arm with published weights in some sections."""
    changed = {key: {**arm.experiment[key], **values} for key, values in sections.items()}
    return replace(arm, experiment=arm.experiment | changed)


def test_published_parts_are_named_and_have_no_checkpoint_of_ours(tmp_path):
    arm = replace(done(tmp_path, "wavlm", 0, result([1.0])), experiment=experiment(0, "kit"))
    arm = official(arm, rvq={"weights": "official"})
    said = " ".join(build_table(launch(tmp_path, arm), tmp_path).notes)
    assert "Published weights, not trained here: rvq." in said
    assert "of masked, residual the checkpoint with the lowest FID" in said


def test_arms_with_different_evaluators_do_not_compare(tmp_path):
    ours, theirs = (done(tmp_path, name, 0, result([1.0])) for name in ("wavlm", "encodec"))
    glove = {"weights": "official", "word_vectors": "glove"}
    table = build_table(launch(tmp_path, ours, official(theirs, evaluator=glove)), tmp_path)
    assert "measured by different evaluators, so their figures do not compare" in " ".join(
        table.notes
    )


def test_unknown_words_are_told_for_each_arm_where_they_differ(tmp_path):
    none = {**result([1.0]), "unknown_words": 0.0}
    some = {**result([1.0]), "unknown_words": 0.125}
    arms = [done(tmp_path, "wavlm", 0, none), done(tmp_path, "encodec", 0, some)]
    said = " ".join(build_table(launch(tmp_path, *arms), tmp_path).notes)
    assert "does not know: encodec: 12.5 %, wavlm: 0.0 %." in said
    alone = build_table(launch(tmp_path, arms[0]), tmp_path)
    assert "does not know" not in " ".join(alone.notes)
