"""Every form of a table: the same figures, marks and sentences."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from audiomotion.report.cells import CELL_FIELDS, cell_records
from audiomotion.report.render.forms import Form, written
from audiomotion.report.render.latex import escaped
from audiomotion.report.render.sheet import sheet_of
from tests.report.render.tables import full_table


@pytest.fixture
def table(tmp_path):
    return full_table(tmp_path)


def form(table, name):
    return written(Form(name), sheet_of(table), cell_records(table), title="Ours", label="tab:x")


@pytest.mark.parametrize("name", ["terminal", "markdown", "latex", "html"])
def test_what_people_read_has_every_figure_and_every_note(table, name):
    text = form(table, name)
    plain = " ".join(re.sub(r"<[^>]*>|\$|\\pm|\\|~", " ", text).replace("±", " ").split())
    assert "0.116 0.009" in plain
    assert "2.920" in plain
    assert "Student's t over 3 training seeds" in text.replace("&#x27;", "'")
    assert "masked: 50" in text


def test_the_best_is_marked_where_it_is_earned(table):
    assert "**0.116 ± 0.009**" in form(table, "markdown")
    assert "<ins>1.501 ± 0.009</ins>" in form(table, "markdown")
    assert r"\textbf{0.116 $\pm$ 0.009}" in form(table, "latex")
    assert r"\underline{1.501 $\pm$ 0.009}" in form(table, "latex")
    assert "<strong>0.116 ± 0.009</strong>" in form(table, "html")
    assert "<u>1.501 ± 0.009</u>" in form(table, "html")


def test_signs_tell_the_verdict_and_are_explained(table):
    text = form(table, "markdown")
    assert "| 0.113 = · 0.426 ▲ · 0.645 ▼ · 0.771 ▼ · 2.817 ▼ |" in text
    said = "- Signs behind published figures, what ours is: = reproduced, ▲ better, ▼ worse."
    assert said in text


def test_differences_and_both_noises_stand_below(table):
    lines = form(table, "markdown").splitlines()
    titles = [line for line in lines if line.startswith("**")]
    assert len(titles) == 3
    (encodec,) = [line for line in lines if line.startswith("| encodec | **+2.785 ± ")]
    assert "d " in encodec and "p " in encodec
    (noise,) = [line for line in lines if line.startswith("| wavlm (3 seeds) | ")]
    assert noise.startswith("| wavlm (3 seeds) | 0.001 · 0.009 |")


def test_latex_is_balanced_and_escaped(table):
    text = form(table, "latex")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", body) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended) and begun.count("table") == 3
    assert body.count("{") == body.count("}")
    assert r"\label{tab:x}" in body and body.count(r"\toprule") == 3
    for tabular in re.findall(r"begin{tabular}{(\w+)}(.*?)\\end{tabular}", body, re.DOTALL):
        rows = [line for line in tabular[1].splitlines() if line.endswith(r"\\")]
        assert {line.count(" & ") + 1 for line in rows} == {len(tabular[0])}
    assert "±" not in body and "↓" not in body
    assert escaped("50 % & a_b") == r"50 \% \& a\_b"
    assert "% imagebind: seed 0: masked: 50 % & [odd] <reason>" in text


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.scopes = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta",):
            self.open.append(tag)
        if tag == "th":
            self.scopes.append(dict(attributes)["scope"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_well_formed_and_headings_have_a_scope(table):
    text = form(table, "html")
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert set(tags.scopes) == {"col", "row"}
    assert text.count("<caption>") == 3
    assert "<reason>" not in text and "&lt;reason&gt;" in text
    assert "http" not in text and "<script" not in text


def test_csv_is_a_line_a_cell_with_all_that_is_known(table):
    cells = list(csv.DictReader(io.StringIO(form(table, "csv"))))
    assert tuple(cells[0]) == CELL_FIELDS
    (fid,) = [one for one in cells if (one["row"], one["metric"]) == ("encodec", "fid")]
    assert float(fid["mean"]) == pytest.approx(2.9 + 0.001 + 0.001 / 3)
    assert (fid["num_seeds"], fid["baseline"], fid["test"]) == ("3", "wavlm", "paired t")
    assert (fid["published"], fid["verdict"]) == ("2.92", "reproduced")
    assert float(fid["difference"]) == pytest.approx(2.785)
    assert fid["artifacts"] == " ".join(f"evaluation/encodec-{seed}" for seed in range(3))
    assert 0 < float(fid["p"]) <= float(fid["p_holm"])


def test_json_leaves_out_what_is_not_known(table):
    content = json.loads(form(table, "json"))
    assert content["title"] == "Ours"
    (real,) = [
        one for one in content["cells"] if (one["row"], one["metric"]) == ("real motion", "fid")
    ]
    assert real == {
        "dataset": "kit", "row": "real motion", "metric": "fid", "mean": 0.25, "half_width": 0.0,
        "half_width_repeats": 0.0, "num_seeds": 0, "artifacts": "reference/ceiling",
    }  # fmt: skip
    assert any("Holm" in note for note in content["notes"])
