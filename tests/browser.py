"""A real browser without a window: Debian's Chromium, driven by Playwright.

with open_page((folder / "index.html").as_uri()) as browser:
    browser.page.wait_for_selector("table")
    browser.screenshot("report")
assert browser.errors == []
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_MILLISECONDS = 60_000  # on a busy machine a page takes its time


def chromium() -> str | None:
    """Return the installed browser; None where there is none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def is_installed() -> bool:
    """Return whether pages can be opened here."""
    return chromium() is not None and find_spec("playwright") is not None


needs_browser = pytest.mark.skipif(
    not is_installed(),
    reason="no Chromium here (apt-get install chromium), or no playwright",
)


@dataclass
class Browser:
    """One open page, and what went wrong in it."""

    page: "Page"

    errors: list[str] = field(default_factory=list)
    """Console errors, exceptions of scripts, and requests that failed."""

    def screenshot(self, name: str, *, full_page: bool = True) -> Path:
        """Write `name.png` into AMX_SCREENSHOTS, or a temporary folder; return its path."""
        path = screenshots() / f"{name}.png"
        self.page.screenshot(path=path, full_page=full_page)
        return path

    def note_console(self, message: "ConsoleMessage") -> None:
        """Keep an error that the page wrote to its console."""
        if message.type == "error":
            self.errors.append(message.text)

    def note_request(self, request: "Request") -> None:
        """Keep a request that got no answer; one that the page itself gave up is none."""
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.errors.append(f"{request.url}: {request.failure}")


@cache
def screenshots() -> Path:
    """Return the folder that screenshots go to: CI names one and keeps it."""
    named = os.environ.get("AMX_SCREENSHOTS")
    folder = Path(named) if named else Path(tempfile.mkdtemp(prefix="amx-screenshots-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def open_page(
    url: str,
    *,
    width: int = 1280,
    height: int = 900,
    colour_scheme: str = "light",
    login: tuple[str, str] | None = None,
    offline: bool = False,
) -> Iterator[Browser]:
    """Open a page in a fresh browser, and close both afterwards.

    Args:
        url: `http://…`, or `file://…` of a file.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
        colour_scheme: What the reader prefers, `light` or `dark`.
        login: User and password that the server asks for.
        offline: Refuse every request but the page's own files, and note it as an error.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root, as CI is, gets no sandbox; a container's /dev/shm is too small for tabs.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        running = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        context = running.new_context(
            viewport={"width": width, "height": height},
            color_scheme=colour_scheme,  # type: ignore[arg-type]
            http_credentials=None
            if login is None
            else {"username": login[0], "password": login[1]},
            offline=offline,
        )
        context.set_default_timeout(_MILLISECONDS)
        browser = Browser(context.new_page())
        browser.page.on("console", browser.note_console)
        browser.page.on("pageerror", lambda error: browser.errors.append(str(error)))
        browser.page.on("requestfailed", browser.note_request)
        try:
            browser.page.goto(url)
            yield browser
        finally:
            running.close()
