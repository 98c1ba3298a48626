import pytest

from audiomotion.config.axis import load_axis
from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.paper.layouts import DATASET_LABELS, LAYOUTS
from audiomotion.report.published import published_rows

METRIC_KEYS = {metric.key for metric in (*METRICS, *PUBLISHED_ONLY)}
IN_PAPER = {metric.key: metric.in_paper for metric in (*METRICS, *PUBLISHED_ONLY)}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=str)
def test_a_layout_has_every_row_and_every_figure_that_was_published(layout):
    for dataset in layout.datasets:
        published = published_rows(layout.number, dataset)
        assert list(layout.rows) == list(published)
        keys = {key for row in published.values() for key in row.figures}
        assert {IN_PAPER[column.metric] for column in layout.columns} == keys


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=str)
def test_its_axis_stands_beside_it(layout):
    published = load_axis(layout.axis).config.published
    assert published is not None and published.table == layout.number
    assert published.dataset in layout.datasets


def test_rows_are_named_by_as_many_words_as_there_are_columns_for_them():
    for layout in LAYOUTS.values():
        assert {len(words) for words in layout.rows.values()} == {len(layout.row_headings)}
        assert all(dataset is None or dataset in DATASET_LABELS for dataset in layout.datasets)
