"""The page as markup: what is in it and in which order, that it is whole, safe and the same."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from audiomotion.report.page.page import report_page
from audiomotion.report.page.results import sheet_section
from audiomotion.report.render.grid import Grid, GridRow, Heading, Sheet, texts
from audiomotion.report.tables import table_of
from tests.report.page.markup import Markup
from tests.report.page.stores import PageStore, experiments, feature_extractors

HOSTILE = "<img src=x onerror=alert(1)>&\"'</script>"


@pytest.fixture(scope="module")
def html(page):
    return page.read_text("utf-8")


@pytest.fixture(scope="module")
def markup(html):
    return Markup(html)


def viewer_data(markup):
    (script,) = [one for one in markup.all("script") if one.attributes.get("type")]
    return json.loads(script.text)


def page_of(held, record) -> str:
    """Return the page of a launch in a store."""
    return report_page(record, held.store, table_of(held.store, record))


def sheet(text: str, note: str) -> Sheet:
    """Return a table of one cell, and a note."""
    grid = Grid(text, [Heading("arm"), Heading(text)], [[GridRow(texts("wavlm", text))]])
    return Sheet([grid], warnings=[], notes=[note])


def test_the_question_comes_first_and_the_parts_in_their_order(markup):
    (heading,) = markup.all("h1")
    assert heading.text == "Which frozen audio encoder carries the meaning of a spoken instruction?"
    assert [one.text for one in markup.all("h2")] == [
        "Results", "Plots", "Motions", "What each arm was given", "How it was made"
    ]  # fmt: skip


def test_headings_go_down_one_level_at_a_time(markup):
    levels = [int(one.tag[1]) for one in markup.elements if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_landmarks_and_links_to_the_parts(markup):
    assert len(markup.all("main")) == len(markup.all("header")) == len(markup.all("nav")) == 1
    ids = [one.attributes["id"] for one in markup.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    links = [one.attributes["href"] for one in markup.all("a")]
    assert len(links) == 6 and {link.removeprefix("#") for link in links} <= set(ids)


def test_every_table_has_a_caption_and_every_heading_a_scope(markup):
    assert len(markup.all("table")) == len(markup.all("caption")) == 8
    assert {one.attributes["scope"] for one in markup.all("th")} == {"col", "row"}


def test_every_control_has_a_name(markup):
    labels = [one.text.strip() for one in markup.all("label")]
    assert all(labels)
    inputs = [one for tag in ("input", "select") for one in markup.all(tag)]
    assert all("label" in one.inside for one in inputs)
    for button in markup.all("button"):
        assert button.attributes.get("aria-label") or button.text.strip()
    for audio in markup.all("audio"):
        assert audio.attributes["aria-label"].startswith("Spoken, original instruction")


def test_a_canvas_for_real_motion_and_every_arm_is_described_in_words(markup):
    assert len(markup.all("canvas")) == 5
    for scene in viewer_data(markup)["scenes"]:
        assert list(scene["answers"]) == ["", "wavlm", "encodec", "imagebind", "log-mel"]
        for name, answer in scene["answers"].items():
            assert answer["described"].startswith(f"Moving figure, {name or 'real motion'}: ")
            assert "the hips travel" in answer["described"]


def test_table_notes_and_figures_are_those_of_the_launch(html, markup):
    for words in ("1.113 ± 0.159", "real motion", "Encoder weights are not pre-trained"):
        assert words in html
    assert "0.113 · 0.426 · 0.645 · 0.771 · 2.817" in html  # published, table 5


def test_the_page_asks_for_nothing(html, markup):
    for element in markup.elements:
        for name in ("src", "href", "srcset", "poster", "data"):
            value = element.attributes.get(name, "#")
            assert value.startswith(("#", "data:audio/flac;base64,")), (element.tag, value[:80])
    assert "@import" not in html and "url(http" not in html
    policy = markup.all("meta")[2].attributes["content"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_the_policy_names_the_scripts_that_are_in_the_page(markup):
    policy = markup.all("meta")[2].attributes["content"]
    scripts = [one.text for one in markup.all("script") if not one.attributes]
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_same_launch_gives_the_same_bytes_wherever_its_store_is(html, tmp_path):
    held, record = feature_extractors(tmp_path / "elsewhere")
    assert report_page(record, held.store, table_of(held.store, record)) == html


def test_the_page_does_not_name_the_machine(html, launched):
    assert "secret-host" not in html
    assert str(launched[0].store.root) not in html


def test_six_arms_and_six_clips_stay_below_five_megabytes(html):
    """Motion and speech are what grows: of the longest clips and of six seconds of speech."""
    assert len(html) < 1e6
    longest = 4 * (199 * 22 * 3 * 2) / 3
    speech = 4 / 3 * 6 * 16_000 * 2
    assert 7 * 6 * longest + 6 * speech + len(html) < 5e6


def test_names_and_captions_are_text_and_nothing_else(tmp_path):
    held = PageStore(tmp_path / "store")
    experiment = experiments("pipeline")["cascade"]
    arm = held.arm("cascade", experiment=experiment, heard=HOSTILE)
    other = replace(arm, arm=HOSTILE, seed=1)
    failed = replace(arm, arm="end-to-end", status="failed", reason=HOSTILE)
    record = held.launch("pipeline", arm, other, failed, dataset=HOSTILE)
    card = sheet_section("card", HOSTILE, sheet(HOSTILE, HOSTILE))
    html = report_page(record, held.store, table_of(held.store, record), [card])
    markup = Markup(html)
    assert markup.all("img") == []
    assert "onerror" not in {name for one in markup.elements for name in one.attributes}
    told = viewer_data(markup)["scenes"][0]["answers"]
    assert told[HOSTILE]["note"] == f"heard: “{HOSTILE}”"
    assert any(HOSTILE in one.text for one in markup.all("td"))


def test_a_failed_arm_has_its_reason_and_no_motion(tmp_path):
    held = PageStore(tmp_path / "store")
    every = experiments("feature-extractor")
    arm = held.arm("wavlm", experiment=every["wavlm"])
    failed = replace(arm, arm="encodec", status="failed", reason="masked: the loss is nan",
                     fingerprints={"evaluation": "none"})  # fmt: skip
    markup = Markup(page_of(held, held.launch("feature-extractor", arm, failed)))
    said = [one.text for one in markup.all("p") if one.attributes.get("class") == "failed"]
    assert "encodec: seed 0: masked: the loss is nan" in said
    assert len(markup.all("canvas")) == 2


def test_a_launch_in_which_everything_failed_still_has_a_page(tmp_path):
    held = PageStore(tmp_path / "store")
    arm = held.arm("wavlm", experiment=experiments("feature-extractor")["wavlm"])
    failed = replace(arm, status="failed", reason="no")
    markup = Markup(page_of(held, held.launch("feature-extractor", failed)))
    assert [one.text for one in markup.all("h2")] == [
        "Results", "Plots", "What each arm was given", "How it was made"
    ]  # fmt: skip
    assert len(markup.all("script")) == 1


def test_cards_of_others_stand_between_motions_and_environment(launched):
    held, record = launched
    cards = [sheet_section("speakers", "Who spoke", sheet("0.5", "A linear probe."))]
    markup = Markup(report_page(record, held.store, table_of(held.store, record), cards))
    assert [one.text for one in markup.all("h2")][2:5] == [
        "Motions", "What each arm was given", "Who spoke"
    ]  # fmt: skip
    assert "A linear probe." in [one.text for one in markup.all("li")]


def test_where_the_arms_differ_is_shown_and_the_rest_is_there(markup):
    texts = [one.text for one in markup.all("th")]
    assert "extractor.name" in texts and "masked.num_layers" not in texts
    (common,) = [one.text for one in markup.all("pre") if "Configuration" in str(one.attributes)]
    assert "num_layers:" in common
    (command,) = [one.text for one in markup.all("pre") if "Command" in str(one.attributes)]
    assert command == "amx ablate feature-extractor --dataset demo --seeds 2"


def test_training_data_plays_both_wordings(tmp_path):
    held = PageStore(tmp_path / "store")
    arms = [held.arm(name, experiment=one) for name, one in experiments("training-data").items()]
    markup = Markup(page_of(held, held.launch("training-data", *arms)))
    labels = [one.attributes["aria-label"] for one in markup.all("audio")]
    assert [label.split()[1] for label in labels] == ["oral", "original"] * 3
    assert "trained on oral captions" in "".join(one.text for one in markup.all("figcaption"))
