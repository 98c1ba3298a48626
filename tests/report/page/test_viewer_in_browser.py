"""The page as its reader has it: Chromium, offline."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import Browser, needs_browser, open_page

pytestmark = needs_browser

STAGE = "[data-part=stage]"
MOVED = f"document.querySelector('{STAGE}').dataset.frame"
DURATIONS = """() => Promise.all([...document.querySelectorAll('audio')].map((audio) =>
  audio.readyState ? audio.duration : new Promise((done) => {
    audio.addEventListener('loadedmetadata', () => done(audio.duration));
    audio.addEventListener('error', () => done(audio.error.message));
  })))"""

HEARD = """() => new Promise((done) => {
  const audio = document.querySelector('audio');
  audio.addEventListener('ended', () => done('ended'));
  audio.addEventListener('error', () => done(audio.error.message));
  audio.muted = true;
  audio.play().catch((error) => done(String(error)));
})"""
# The page's policy forbids what Playwright's waiting for an expression needs: it polls by `eval`.
CHANGED = f"""(before) => new Promise((done) => {{
  const look = () => {MOVED} === before ? requestAnimationFrame(look) : done({MOVED});
  look();
}})"""


@pytest.fixture
def desk(page: Path) -> Iterator[Browser]:
    with open_page(page.as_uri(), offline=True) as browser:
        browser.page.locator(STAGE).scroll_into_view_if_needed()
        yield browser


def pause(browser: Browser) -> None:
    if browser.page.inner_text("[data-part=play]") == "Pause":
        browser.page.click("[data-part=play]")


def picture(browser: Browser, place: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(browser.page.locator("canvas").nth(place).screenshot()))


def frame(browser: Browser) -> float:
    return float(browser.page.evaluate(MOVED))


def set_time(browser: Browser, seconds: float) -> None:
    browser.page.locator("[data-part=scrub]").fill(str(seconds))


def test_the_motions_play_on_one_clock_and_stop(desk: Browser) -> None:
    assert desk.page.inner_text("[data-part=play]") == "Pause"  # it begins by itself
    before = desk.page.evaluate(MOVED)
    assert desk.page.evaluate(CHANGED, before) != before
    pause(desk)
    held, shown = frame(desk), picture(desk, 1)
    desk.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert frame(desk) == held
    set_time(desk, 2.0)
    assert frame(desk) == 40.0
    assert picture(desk, 1) != shown
    assert desk.page.inner_text("[data-part=time]").startswith("2.0 / ")


def test_dragging_one_figure_turns_all(desk: Browser) -> None:
    pause(desk)
    set_time(desk, 1.0)
    before = [picture(desk, place) for place in range(3)]
    box = desk.page.locator("canvas").first.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.page.mouse.move(*middle)
    desk.page.mouse.down()
    desk.page.mouse.move(middle[0] + 60, middle[1] + 20)
    desk.page.mouse.up()
    assert all(picture(desk, place) != one for place, one in enumerate(before))
    desk.page.click("[aria-label='First view']")
    assert picture(desk, 0) == before[0]


def test_the_keyboard_does_what_the_mouse_does(desk: Browser) -> None:
    pause(desk)
    set_time(desk, 1.0)
    desk.page.focus(STAGE)
    before = picture(desk)
    desk.page.keyboard.press("ArrowLeft")
    assert picture(desk) != before
    desk.page.keyboard.press("0")
    assert picture(desk) == before
    desk.page.keyboard.press(".")
    assert frame(desk) == 21.0
    desk.page.keyboard.press(" ")
    assert desk.page.inner_text("[data-part=play]") == "Pause"
    pause(desk)


def test_another_clip_has_another_text_and_other_motions(desk: Browser) -> None:
    pause(desk)
    first = desk.page.inner_text(".wording >> visible=true")
    label = desk.page.locator("canvas").first.get_attribute("aria-label")
    desk.page.locator("[data-part=choice]").nth(1).check()
    pause(desk)
    assert desk.page.inner_text(".wording >> visible=true") != first
    assert desk.page.locator("canvas").first.get_attribute("aria-label") != label
    said = desk.page.text_content("[data-part=announce]") or ""
    assert said.startswith("Clip 2 of 3: ")
    desk.page.locator("[data-part=choice]").nth(0).check()
    pause(desk)


def test_every_instruction_can_be_heard(desk: Browser) -> None:
    durations = desk.page.evaluate(DURATIONS)
    assert durations == [pytest.approx(0.5)] * 3
    assert desk.page.evaluate(HEARD) == "ended"


def test_dark_is_the_system_s_choice_and_the_reader_s(desk: Browser) -> None:
    background = "() => getComputedStyle(document.body).backgroundColor"
    assert desk.page.evaluate(background) == "rgb(255, 255, 255)"
    pause(desk)
    light = picture(desk)
    for name, colour in (("light", 255), ("dark", 15), ("auto", 255)):
        desk.page.click("#theme")
        assert desk.page.inner_text("#theme") == f"Colours: {name}"
        assert desk.page.evaluate(background).startswith(f"rgb({colour}, ")
        assert (picture(desk) == light) == (colour == 255)


def test_nothing_went_wrong_and_nothing_was_asked_for(page: Path) -> None:
    with open_page("about:blank", offline=True) as browser:
        requests: list[str] = []
        browser.page.on("request", lambda request: requests.append(request.url))
        browser.page.goto(page.as_uri())
        browser.page.locator(STAGE).scroll_into_view_if_needed()
        browser.page.evaluate(DURATIONS)
        browser.screenshot("report")
    assert browser.errors == []
    assert requests == [page.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_down_and_not_sideways(page: Path, scheme: str) -> None:
    with open_page(page.as_uri(), width=360, height=740, colour_scheme=scheme) as browser:
        browser.page.locator("summary").first.click()
        for summary in browser.page.locator("#environment summary").all():
            summary.click()
        width = browser.page.evaluate("document.documentElement.scrollWidth")
        browser.screenshot(f"report-phone-{scheme}")
    assert width == 360
    assert browser.errors == []


def test_who_wants_less_motion_gets_a_still_pose(page: Path) -> None:
    with open_page("about:blank") as browser:
        browser.page.emulate_media(reduced_motion="reduce")
        browser.page.goto(page.as_uri())
        browser.page.locator(STAGE).scroll_into_view_if_needed()
        assert browser.page.inner_text("[data-part=play]") == "Play"
        middle = frame(browser)
        browser.page.evaluate("() => new Promise(requestAnimationFrame)")
        assert frame(browser) == middle > 0


def test_on_paper_it_is_light_and_has_no_controls(page: Path) -> None:
    with open_page(page.as_uri(), width=794, colour_scheme="dark") as browser:
        browser.page.emulate_media(media="print")
        assert not browser.page.locator(".controls").is_visible()
        background = browser.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(255, 255, 255)"
        browser.page.evaluate("dispatchEvent(new Event('beforeprint'))")  # opens what is folded
        assert browser.page.evaluate("document.documentElement.scrollWidth") == 794
