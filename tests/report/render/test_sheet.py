import io
import json

import pytest
from rich.console import Console

from audiomotion.report.building import build_table
from audiomotion.report.render.markdown import markdown as as_markdown
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.render.terminal import print_sheet
from audiomotion.report.render.tidy import as_json
from tests.report.launches import axes, done, failed, launch, result


@pytest.fixture
def table(tmp_path):
    arms = [
        done(tmp_path, "wavlm", 0, result([1.0, 3.0], multimodality=1.25)),
        done(tmp_path, "log-mel", 0, result([4.0, 4.0])),
        failed("encodec", 0, "masked: [bold]odd[/bold] reason"),
    ]
    return build_table(launch(tmp_path, *arms), tmp_path)


def headings(table):
    return [heading.label for heading in sheet_of(table).grids[0].headings]


def markdown(table):
    """Return the first grid, the arms beside published figures, and what stands below."""
    parts = as_markdown(sheet_of(table)).split("\n\n")
    return "\n\n".join([*parts[:2], parts[-1]])


def printed(table, width=200):
    stream = io.StringIO()
    print_sheet(sheet_of(table), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def test_headings_say_which_way_is_better_and_where_published_figures_are_from(table):
    assert headings(table) == [
        "arm",
        "FID ↓",
        "R-top1 ↑",
        "R-top2 ↑",
        "R-top3 ↑",
        "MM Dist ↓",
        "MultiModality ↑",
        "Diversity →",
        "published, table 5, kit (FID · R-top1 · R-top2 · R-top3 · MM Dist)",
    ]


def test_markdown_is_a_table_with_all_notes(table):
    lines = markdown(table).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in rows} == {10}
    assert lines[0] == "**feature-extractor on demo**"
    assert [line.split(" | ")[0] for line in rows[2:]] == [
        "| real motion",
        "| RVQ reconstruction",
        "| wavlm",
        "| log-mel",
        "| encodec",
    ]
    wavlm = "| wavlm | 2.000 ± 1.386 | 0.500 ± 0.000 | 0.600 ± 0.000 | 0.700 ± 0.000 "
    assert rows[4].startswith(wavlm + "| 3.000 ± 0.000 | 1.250 ± 0.000 | 9.000 ± 0.000 |")
    assert rows[4].endswith("| 0.113 · 0.426 · 0.645 · 0.771 · 2.817 |")
    assert rows[5].endswith("| – |")
    assert "- encodec: seed 0: masked: [bold]odd[/bold] reason" in lines
    assert all(f"- {note}" in lines for note in table.notes)


def test_the_terminal_shows_the_same(table):
    text = printed(table)
    assert "2.000 ± 1.386" in text
    assert "0.113 · 0.426" in text
    assert "encodec: seed 0: masked: [bold]odd[/bold] reason" in text
    assert all(note in text for note in table.notes)


def test_a_narrow_terminal_loses_no_figure(table):
    text = "".join(printed(table, width=80).split())
    for digits in ("2.000", "1.386", "0.113"):
        assert digits in text


def test_json_holds_columns_and_notes(table):
    content = json.loads(as_json(table))
    assert content["title"] == "feature-extractor"
    assert content["columns"]["arm"][2] == "wavlm"
    assert content["columns"]["fid"][2] == 2.0
    assert content["published"] == [{"table": 5, "dataset": "kit", "variant": "original"}]
    assert content["notes"] == list(table.notes)


def test_without_a_published_table_there_is_no_such_column(tmp_path):
    arm = done(tmp_path, "wavlm", 0, result([1.0]))
    table = build_table(launch(tmp_path, arm, axis={}), tmp_path)
    assert headings(table)[-1] == "Diversity →"
    assert "published" not in markdown(table).splitlines()[2]


def test_published_speed_is_said_to_have_nothing_beside_it(tmp_path):
    arms = [done(tmp_path, arm, 0, result([1.0])) for arm in ("end-to-end", "cascade")]
    table = build_table(launch(tmp_path, *arms, axis=axes("pipeline")), tmp_path)
    assert headings(table)[-1] == "published, table 4 (samples/s)"
    assert "| 2.695 |" in markdown(table) and "| 1.509 |" in markdown(table)
    assert "Of table 4, samples/s is not measured here." in table.notes
    assert "Data set: demo; " in " ".join(table.notes)


def test_published_rows_without_an_arm_stand_below_with_their_intervals(tmp_path):
    arm = done(tmp_path, "audio", 0, result([1.0]))
    table = build_table(launch(tmp_path, arm, axis=axes("condition")), tmp_path)
    rows = [line for line in markdown(table).splitlines() if line.startswith("| ")]
    assert rows[3].endswith("| 0.121 ± 0.004 · 0.519 ± 0.004 · 0.713 ± 0.005 · 0.808 ± 0.005 "
                            "· 2.955 ± 0.011 · 1.221 ± 0.032 |")  # fmt: skip
    (mdm,) = [row for row in rows if row.startswith("| MDM |")]
    assert mdm.startswith("| MDM | – | – | – | – | – | – | – | 0.544 ± 0.044 · – · – · 0.611")
    assert "MoMask" in printed(table)
