import pytest

from audiomotion.config.axis import load_axis
from audiomotion.config.recipes import list_recipes
from audiomotion.errors import ConfigError
from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.published import published_beside, published_rows, refuse_unknown_rows
from audiomotion.report.statistics import Figure
from tests.report.launches import TABLE5, axes

TABLES = [
    *((table, dataset) for table in (2, 3) for dataset in ("humanml3d", "kit")),
    *((4, None), (5, "kit"), (6, "humanml3d")),
]


def figures(*values):
    keys = ("fid", "top1", "top2", "top3", "mm_dist")
    return {key: Figure(value) for key, value in zip(keys, values, strict=True)}


def test_table_5_is_as_printed():
    assert {name: row.figures for name, row in published_rows(5, "kit").items()} == {
        "encodec": figures(2.920, 0.233, 0.370, 0.464, 5.548),
        "imagebind": figures(2.712, 0.143, 0.239, 0.309, 7.295),
        "wavlm": figures(0.113, 0.426, 0.645, 0.771, 2.817),
    }


def test_table_2_has_its_intervals_and_says_whose_each_row_is():
    rows = published_rows(2, "kit")
    assert {name: row.system for name, row in rows.items()} == {
        "text-original": "momask",
        "text-oral": "momask",
        "audio-original": "the paper's own",
        "audio-oral": "the paper's own",
    }
    assert rows["audio-oral"].figures["fid"] == Figure(0.207, 0.010)
    assert published_rows(2, "humanml3d")["audio-oral"].figures["fid"] == Figure(0.126, 0.005)


def test_what_the_paper_leaves_out_is_no_figure():
    assert set(published_rows(3, "kit")["MDM"].figures) == {
        "top3", "fid", "mm_dist", "multimodality"
    }  # fmt: skip


def test_table_4_is_of_speed():
    rows = published_rows(4, None)
    assert rows["cascaded"].figures == {"samples_per_second": Figure(1.5093)}


def test_a_likely_slip_is_kept_and_marked():
    row = published_rows(6, "humanml3d")["memory-retrieval"]
    assert row.figures["mm_dist"] == Figure(1.221)
    assert row.suspect == ("mm_dist",)
    assert not any(row.suspect for row in published_rows(5, "kit").values())


@pytest.mark.parametrize(("table", "dataset"), TABLES)
def test_every_published_figure_is_of_a_known_metric(table, dataset):
    known = {metric.in_paper for metric in (*METRICS, *PUBLISHED_ONLY)}
    for row in published_rows(table, dataset).values():
        assert row.figures
        assert set(row.figures) <= known


@pytest.mark.parametrize("name", list_recipes("ablations"))
@pytest.mark.parametrize("dataset", ["demo", "humanml3d", "kit"])
def test_every_row_of_a_shipped_axis_stands_beside_an_arm_or_by_itself(name, dataset):
    axis = load_axis(name).config
    refuse_unknown_rows(axis)
    (beside,) = published_beside(axes(name), dataset, list(axis.arms))
    used = dataset if has_both_sets(beside.table) and dataset != "demo" else None
    assert beside.dataset == (used or axis.published.dataset)
    assert axis.baseline in beside.rows
    known = published_rows(beside.table, beside.dataset)
    if axis.published.others or not axis.published.rows:
        found = [row.name for row in (*beside.rows.values(), *beside.others)]
        assert sorted(found) == sorted(known)


def has_both_sets(table):
    """Return whether a table has figures of both data sets."""
    return published_rows(table, "kit") != published_rows(table, "humanml3d")


def test_systems_that_are_no_arm_stand_by_themselves():
    (beside,) = published_beside(axes("condition"), "kit", ["text", "audio"])
    assert {arm: row.name for arm, row in beside.rows.items()} == {
        "text": "MoMask",
        "audio": "ours",
    }
    assert [row.name for row in beside.others] == [
        "TM2T", "T2M", "MDM", "MLD", "MotionDiffuse", "T2M-GPT", "ReMoDiffuse"
    ]  # fmt: skip
    (beside,) = published_beside(axes("condition"), "kit", ["audio"])
    assert [row.name for row in beside.others][-1] == "MoMask"


def test_of_several_axes_a_row_stands_where_all_others_are_at_their_baseline():
    both = axes("compressor", "feature-extractor")
    arms = [
        f"{compressor}+{extractor}"
        for compressor in ("avgpool-8", "memory-retrieval")
        for extractor in ("encodec", "wavlm")
    ]
    compressors, extractors = published_beside(both, "demo", arms)
    assert {arm: row.name for arm, row in compressors.rows.items()} == {
        "avgpool-8+wavlm": "avgpool-8",
        "memory-retrieval+wavlm": "memory-retrieval",
    }
    assert {arm: row.name for arm, row in extractors.rows.items()} == {
        "memory-retrieval+encodec": "encodec",
        "memory-retrieval+wavlm": "wavlm",
    }


def test_two_axes_beside_one_table_share_its_column():
    both = axes("condition", "memory-size")
    arms = ["audio+tokens-64", "audio+tokens-256", "text+tokens-256"]
    (beside,) = published_beside(both, "kit", arms)
    assert {arm: row.name for arm, row in beside.rows.items()} == {
        "audio+tokens-256": "ours",
        "text+tokens-256": "MoMask",
    }
    assert "ours" not in [row.name for row in beside.others]
    assert len(beside.others) == 7


def test_no_axis_has_nothing_published():
    assert published_beside({}, "demo", ["demo"]) == []
    assert len(published_beside(TABLE5, "demo", ["wavlm"])) == 1


def test_a_row_that_is_not_in_the_table_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "question: Which?\nbaseline: a\narms: {a: {}}\n"
        "published: {table: 3, dataset: kit, variant: original, rows: {a: momask}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        refuse_unknown_rows(load_axis(str(path)).config)
    (problem,) = caught.value.problems
    assert problem.startswith(
        "axis mine published.rows.a: 'momask' is not one of the rows of table 3 TM2T, T2M"
    )
    assert problem.endswith("did you mean 'MoMask'?")
