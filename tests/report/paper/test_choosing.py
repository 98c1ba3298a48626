import pytest

from audiomotion.errors import ConfigError
from audiomotion.report.paper.choosing import paper_table
from tests.report.launches import axes
from tests.report.paper.filled import extractors, kept, new_store, systems


@pytest.fixture
def store(tmp_path):
    return new_store(tmp_path)


def chosen(paper):
    return [(block.dataset, block.measured and block.measured.run.id) for block in paper.blocks]


def test_nothing_measured_is_the_paper_alone(store):
    assert chosen(paper_table(2, store)) == [("humanml3d", None), ("kit", None)]
    assert chosen(paper_table(4, store)) == [(None, None)]


def test_the_newest_finished_launch_on_the_paper_s_own_data_set(store):
    old = extractors(store, "old", {"wavlm": 1.0}, seeds=1)
    for run, updated, status in (("new", "2026-02-02", "done"), ("later", "2026-03-03", "failed")):
        kept(store, old, run, updated=updated, status=status)
    kept(store, old, "elsewhere", updated="2026-04-04", dataset="demo")
    assert chosen(paper_table(5, store)) == [("kit", "new")]


def test_without_one_the_newest_on_any_other(store):
    old = extractors(store, "old", {"wavlm": 1.0}, dataset="demo", seeds=1)
    kept(store, old, "new", updated="2026-02-02", dataset="bandai")
    assert chosen(paper_table(5, store)) == [("bandai", "new")]
    assert chosen(paper_table(5, store, dataset="demo")) == [("demo", "old")]


def test_two_data_sets_are_two_blocks_and_what_was_not_measured_stays_published(store):
    one = systems(store, "one")
    assert chosen(paper_table(3, store)) == [("humanml3d", "one"), ("kit", None)]
    kept(store, one, "two", dataset="kit")
    assert chosen(paper_table(3, store)) == [("humanml3d", "one"), ("kit", "two")]


def test_a_named_launch_is_taken_whatever_its_status(store):
    old = extractors(store, "old", {"wavlm": 1.0}, seeds=1)
    broken = kept(store, old, "broken", status="failed")
    assert chosen(paper_table(5, store, [broken])) == [("kit", "broken")]


def test_another_axis_beside_the_same_table_is_taken_by_name_only(store):
    own = systems(store, "sizes")
    sizes = kept(store, own, "sizes", axis=axes("memory-size"))
    assert chosen(paper_table(3, store))[0] == ("humanml3d", None)
    assert chosen(paper_table(3, store, [sizes]))[0] == ("humanml3d", "sizes")


def test_what_cannot_be_chosen_is_said(store):
    run = extractors(store, "old", {"wavlm": 1.0}, seeds=1)
    with pytest.raises(ConfigError, match="'7' is not one of the tables 2, 3, 4, 5, 6"):
        paper_table(7, store)
    with pytest.raises(ConfigError, match=r"old does not stand beside table 6.*compressor"):
        paper_table(6, store, [run])
    with pytest.raises(ConfigError, match="amx ablate feature-extractor --dataset bandai"):
        paper_table(5, store, dataset="bandai")
    with pytest.raises(ConfigError, match="old is on kit, not on bandai; leave --dataset out"):
        paper_table(5, store, [run], dataset="bandai")


def test_a_launch_named_twice_is_shown_once(store):
    run = extractors(store, "old", {"wavlm": 1.0}, seeds=1)
    assert chosen(paper_table(5, store, [run, run])) == [("kit", "old")]


def test_an_axis_of_the_same_name_that_answers_nothing_is_passed_over(store):
    run = extractors(store, "old", {"wavlm": 1.0}, seeds=1)
    (own,) = run.axis["axes"]
    kept(store, run, "own", updated="2027-01-01", axis={"axes": [own | {"published": None}]})
    assert chosen(paper_table(5, store)) == [("kit", "old")]
