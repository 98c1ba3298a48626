import pytest

from audiomotion.config.axis import load_axis
from audiomotion.config.recipes import list_recipes
from audiomotion.report.metrics import METRICS
from audiomotion.report.published import ABLATION_TABLES, published_arms, suspect_figures
from audiomotion.report.statistics import Figure


def test_table_5_is_as_printed():
    assert published_arms(5) == {
        "encodec": figures(2.920, 0.233, 0.370, 0.464, 5.548),
        "imagebind": figures(2.712, 0.143, 0.239, 0.309, 7.295),
        "wavlm": figures(0.113, 0.426, 0.645, 0.771, 2.817),
    }


def figures(*values):
    keys = ("fid", "top1", "top2", "top3", "mm_dist")
    return {key: Figure(value) for key, value in zip(keys, values, strict=True)}


def test_a_likely_slip_is_kept_and_marked():
    assert published_arms(6)["memory-retrieval"]["mm_dist"] == Figure(1.221)
    assert suspect_figures(6) == {"memory-retrieval": ["mm_dist"]}
    assert suspect_figures(5) == {}


@pytest.mark.parametrize("table", ABLATION_TABLES)
def test_every_published_figure_is_of_a_known_metric(table):
    known = {metric.published or metric.key for metric in METRICS}
    for found in published_arms(table).values():
        assert set(found) <= known
        assert all(isinstance(figure.mean, float) for figure in found.values())


def test_the_arms_of_an_axis_are_named_as_in_its_table():
    axes = [load_axis(name).config for name in list_recipes("ablations")]
    compared = [axis for axis in axes if axis.published and axis.published.table in ABLATION_TABLES]
    assert compared
    for axis in compared:
        assert set(published_arms(axis.published.table)) <= set(axis.arms)
