"""The comparison as one page without anything from elsewhere, for the viewers of a tracker."""

import base64
import html
import re
from collections.abc import Mapping
from typing import Final

from markdown_it import MarkdownIt

_CAPTIONS: Final = {
    "comparison": "Every metric, arm under arm",
    "curves": "Learning curves: the mean over seeds, each seed faintly",
}

_SHORT_HEADING: Final = re.compile(r"<th>(?=[^<]{1,24}</th>)")

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 14px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 1.5rem; background: #fff; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #d8dee4; white-space: nowrap; }
th { border-bottom: 2px solid #57606a; text-align: right; vertical-align: bottom; }
th { white-space: normal; min-width: 15rem; }
th.short { white-space: nowrap; min-width: 0; }
td { text-align: right; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
ul { max-width: 60rem; padding-left: 1.2rem; color: #424a53; }
figure { margin: 2rem 0 0; }
figure .wide img { min-width: 60rem; max-width: 100%; height: auto; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
"""


def comparison_page(text: str, pictures: Mapping[str, bytes]) -> str:
    """Return HTML of a table in Markdown and pictures below it.

    Args:
        text: The table and its notes, as `markdown` writes them.
        pictures: PNG files by name: `comparison`, `curves`.
    """
    # Names of arms are the user's: HTML in them is text here.
    table = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    table = table.replace("<table>", '<div class="wide"><table>').replace(
        "</table>", "</table></div>"
    )
    table = _SHORT_HEADING.sub('<th class="short">', table)
    figures = "".join(_figure(name, png) for name, png in pictures.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>comparison</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{table}{figures}</body></html>\n"
    )


def _figure(name: str, png: bytes) -> str:
    caption = html.escape(_CAPTIONS.get(name, name))
    content = base64.b64encode(png).decode()
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f'<div class="wide"><img alt="{caption}" src="data:image/png;base64,{content}"></div>'
        "</figure>\n"
    )
