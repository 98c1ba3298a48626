"""WCAG 2.2 AA: 4.5 : 1 for text, 3 : 1 for what else must be seen."""

import re

import pytest

from audiomotion.report.page.palette import NUM_SERIES, palette_css
from audiomotion.report.plot_style import COLOURS

SCHEMES = {"light": 0, "dark": 1}
TEXT = ("ink", "muted", "accent", "failed")
SEEN = ("control", "left", "right", "middle", *(f"series-{n}" for n in range(1, NUM_SERIES + 1)))
BEHIND = ("page", "surface")


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance of sRGB."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def declared() -> list[dict[str, str]]:
    """Return the variables of each block of the CSS, as a browser would read them."""
    blocks = [dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6});", line))
              for line in palette_css().splitlines()]  # fmt: skip
    assert all(blocks)
    return blocks


def test_black_on_white_is_21_to_1():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read(scheme):
    colours = declared()[SCHEMES[scheme]]
    ratios = {(name, behind): contrast(colours[name], colours[behind])
              for name in TEXT for behind in BEHIND}  # fmt: skip
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_skeletons_plots_and_controls_can_be_seen(scheme):
    colours = declared()[SCHEMES[scheme]]
    ratios = {(name, behind): contrast(colours[name], colours[behind])
              for name in SEEN for behind in BEHIND}  # fmt: skip
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 3} == {}


def test_the_reader_s_choice_and_the_system_s_give_the_same_colours():
    light, dark, chosen_dark, printed = declared()
    assert (chosen_dark, printed) == (dark, light)
    assert light.keys() == dark.keys()


def test_every_arm_of_a_plot_has_a_colour_of_the_page():
    assert len(COLOURS) <= NUM_SERIES
