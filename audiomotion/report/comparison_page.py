"""The comparison as one page without anything from elsewhere, for the viewers of a tracker."""

import base64
import html
from collections.abc import Mapping
from typing import Final

from audiomotion.report.render.grid import Sheet
from audiomotion.report.render.html import html_sheet

_CAPTIONS: Final = {
    "comparison": "Every metric, arm under arm",
    "curves": "Learning curves: the mean over seeds, each seed faintly",
}

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 14px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 1.5rem; background: #fff; }
.wide, .grid { overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding-top: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #d8dee4; white-space: nowrap; }
thead th { border-bottom: 2px solid #57606a; text-align: right; vertical-align: bottom; }
tbody th { font-weight: normal; }
td { text-align: right; }
th[scope=row], th:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
ul { max-width: 60rem; padding-left: 1.2rem; color: #424a53; }
figure { margin: 2rem 0 0; }
figure .wide img { min-width: 60rem; max-width: 100%; height: auto; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
"""


def comparison_page(sheet: Sheet, pictures: Mapping[str, bytes]) -> str:
    """Return HTML of a table and pictures below it.

    Args:
        sheet: The table and its notes.
        pictures: PNG files by name: `comparison`, `curves`.
    """
    figures = "".join(_figure(name, png) for name, png in pictures.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>comparison</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{html_sheet(sheet)}{figures}</body></html>\n"
    )


def _figure(name: str, png: bytes) -> str:
    caption = html.escape(_CAPTIONS.get(name, name))
    content = base64.b64encode(png).decode()
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f'<div class="wide"><img alt="{caption}" src="data:image/png;base64,{content}"></div>'
        "</figure>\n"
    )
