"""The page that MLflow shows, in a real browser."""

from pathlib import Path

from audiomotion.report.building import build_table
from audiomotion.report.comparison_page import comparison_page
from audiomotion.report.metric_plot import metric_plot
from audiomotion.report.render.sheet import sheet_of
from tests.browser import needs_browser, open_page
from tests.report.launches import done, launch, result


def page_of(folder: Path) -> Path:
    arms = [
        done(folder, name, seed, result([fid + seed, fid + 2]))
        for name, fid in (("wavlm", 1.0), ("<b>bold</b> arm", 4.0))
        for seed in range(3)
    ]
    table = build_table(launch(folder, *arms), folder)
    png = metric_plot(table)
    assert png is not None
    path = folder / "comparison.html"
    path.write_text(comparison_page(sheet_of(table), {"comparison": png}), encoding="utf-8")
    return path


@needs_browser
def test_table_notes_and_pictures_are_seen_without_a_network(tmp_path: Path) -> None:
    with open_page(page_of(tmp_path).as_uri(), offline=True) as browser:
        page = browser.page
        names = page.locator("tbody th").all_inner_texts()
        assert names[:4] == ["real motion", "RVQ reconstruction", "wavlm", "<b>bold</b> arm"]
        assert page.locator("img").evaluate("image => image.naturalWidth") > 1000
        assert "published protocol" in page.inner_text("ul")
        browser.screenshot("mlflow-comparison-page")
    assert browser.errors == []


@needs_browser
def test_a_narrow_window_scrolls_the_table_and_not_the_page(tmp_path: Path) -> None:
    with open_page(page_of(tmp_path).as_uri(), width=390, height=800) as browser:
        wide = browser.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
