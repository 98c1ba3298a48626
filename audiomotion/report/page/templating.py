"""The page's templates: everything that is put into one is escaped, unless it is `Markup`."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from audiomotion.report.render.html import html_grid

_PACKAGE = "audiomotion.report.page"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["html_grid"] = lambda grid: Markup(html_grid(grid))
    return environment


def rendered(template: str, **values: Any) -> Markup:
    """Return a template of the package with its values put in, and escaped."""
    return Markup(_environment().get_template(f"{template}.html.jinja").render(**values))


def asset(name: str) -> str:
    """Return the text of a file of the package that goes into the page as it is."""
    return files(_PACKAGE).joinpath("assets", name).read_text("utf-8")
