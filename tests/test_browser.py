"""What the tests of pages stand on."""

from pathlib import Path

from tests.browser import needs_browser, open_page

PAGE = """<!doctype html><title>t</title><h1>hello</h1>
<p id="scheme"></p>
<script>
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.getElementById("scheme").textContent = dark ? "dark" : "light";
</script>"""


def written(folder: Path, more: str = "") -> str:
    path = folder / "page.html"
    path.write_text(PAGE + more, encoding="utf-8")
    return path.as_uri()


@needs_browser
def test_a_page_is_opened_and_pictured(tmp_path: Path) -> None:
    with open_page(written(tmp_path), colour_scheme="dark", width=400) as browser:
        assert browser.page.inner_text("#scheme") == "dark"
        picture = browser.screenshot("test-browser")
    assert browser.errors == []
    assert picture.read_bytes().startswith(b"\x89PNG")


@needs_browser
def test_what_goes_wrong_in_a_page_is_noted(tmp_path: Path) -> None:
    wrong = (
        "<script>console.error('said'); undefinedName();</script>"
        "<img src='http://nowhere.invalid/a.png'>"
    )
    with open_page(written(tmp_path, wrong), offline=True) as browser:
        browser.page.wait_for_load_state("load")
    said = "\n".join(browser.errors)
    for words in ("said", "undefinedName is not defined", "http://nowhere.invalid/a.png"):
        assert words in said
