import json
from urllib.parse import parse_qs, unquote, urlsplit

from audiomotion.track.links import front_page, launch_links

STATE = {"experiment_id": "7", "runs": {"": "parent", "a/seed0": "one", "b/seed0": "two"}}


def links(state=STATE, has_comparison=True):
    return launch_links("http://host:5000/", "axis-demo-1", state, has_comparison=has_comparison)


def test_every_page_is_one_of_training_runs():
    found = links()
    for page in (found.comparison, found.charts, found.side_by_side, front_page("http://host")):
        assert "workflowType=machine_learning" in page
        assert page.startswith("http://host")


def test_the_comparison_is_the_parent_s_page_until_it_is_there():
    page = "http://host:5000/#/experiments/7/runs/parent"
    assert links().comparison.startswith(f"{page}/artifacts/comparison.html?")
    assert links(has_comparison=False).comparison.startswith(f"{page}?")


def test_the_charts_are_of_this_launch_only():
    query = parse_qs(urlsplit(urlsplit(links().charts).fragment).query)
    assert query["searchFilter"] == ["tags.`amx.run` = 'axis-demo-1'"]
    assert query["compareRunsMode"] == ["CHART"]


def test_children_stand_side_by_side_unless_they_are_one_or_very_many():
    query = parse_qs(urlsplit(urlsplit(links().side_by_side).fragment).query)
    assert json.loads(unquote(query["runs"][0])) == ["one", "two"]
    assert json.loads(unquote(query["experiments"][0])) == ["7"]
    for number in (1, 51):
        runs = {"": "parent"} | {f"arm{place}": str(place) for place in range(number)}
        assert links(STATE | {"runs": runs}).side_by_side == ""
