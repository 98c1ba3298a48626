import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from audiomotion.report.building import build_table
from audiomotion.report.page.figures import figures_section, inlined, picture_groups
from audiomotion.report.page.palette import PALETTE
from tests.report.page.stores import PageStore, experiments


@pytest.fixture(scope="module")
def groups(launched):
    held, record = launched
    artifacts = held.store.artifact_root
    return picture_groups(record, build_table(record, artifacts), artifacts, held.store.runs)


def test_a_plot_a_metric_and_a_plot_a_training(groups):
    metrics, curves = groups
    assert [picture.title for picture in metrics.pictures][:2] == ["FID", "R-top1"]
    assert [picture.title for picture in curves.pictures] == ["masked: loss"]
    assert metrics.pictures[0].said == "Lower is better."
    assert metrics.pictures[0].beside == "real motion 0.250 · RVQ reconstruction 0.500"
    assert "2 training seeds" in metrics.said


def test_a_plot_is_text_that_can_be_found_and_read_aloud(groups):
    for picture in groups[0].pictures:
        root = ElementTree.fromstring(picture.svg)
        texts = {element.text for element in root.iter() if element.text}
        assert {"wavlm", "encodec", "imagebind", "log-mel"} <= texts
        assert root.get("role") == "img"
    assert "FID by arm: real motion 0.250" in groups[0].pictures[0].svg


def test_a_plot_has_the_page_s_colours_and_no_others(groups):
    for picture in (picture for group in groups for picture in group.pictures):
        variables = set(re.findall(r"var\(--([\w-]+)\)", picture.svg))
        assert {"ink", "series-1"} <= variables <= PALETTE.keys()
        assert re.findall(r"#[0-9a-f]{6}\b", picture.svg) == []
        assert "font-family" not in picture.svg and "DejaVu" not in picture.svg


def test_no_two_plots_share_an_id(groups):
    svgs = [picture.svg for group in groups for picture in group.pictures]
    ids = [name for svg in svgs for name in re.findall(r' id="([^"]+)"', svg)]
    assert len(ids) == len(set(ids)) > 0
    for svg in svgs:
        used = re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)
        assert set(used) == set(re.findall(r' id="([^"]+)"', svg))


def test_an_arm_that_failed_has_its_curves_and_no_figures(tmp_path):
    held = PageStore(tmp_path / "store")
    arm = held.arm("wavlm", experiment=experiments("feature-extractor")["wavlm"])
    record = held.launch("feature-extractor", replace(arm, status="failed", reason="nan"))
    artifacts = held.store.artifact_root
    (group,) = picture_groups(record, build_table(record, artifacts), artifacts, tmp_path)
    assert group.title == "Learning curves"
    assert figures_section([]) is None


def test_a_label_is_escaped():
    svg = b'<?xml version="1.0"?><svg viewBox="0 0 1 1" width="1pt"><g id="a"/></svg>'
    assert inlined(svg, "p", '"><script>') == (
        '<svg viewBox="0 0 1 1" role="img" aria-label="&#34;&gt;&lt;script&gt;"><g/></svg>'
    )
