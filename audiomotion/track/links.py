"""Addresses of MLflow's pages of a launch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

COMPARISON_PAGE: Final = "comparison.html"
"""Artifact of the parent run: table, intervals and curves."""

REPORT_PAGE: Final = "report.html"
"""Artifact of the parent run: the launch as one page, to be downloaded and opened."""

# MLflow 3 goes by this, and not by the experiment's kind: without it, it shows a newcomer its pages
# for language models instead of those for training runs.
_TRAINING: Final = "workflowType=machine_learning"
_MOST_COMPARED: Final = 50


@dataclass(frozen=True)
class LaunchLinks:
    """Where MLflow shows one launch."""

    comparison: str
    """The comparison with intervals; the parent run itself where there is none yet."""

    charts: str
    """All its runs, charts beside them."""

    side_by_side: str
    """Its children, value beside value; empty where they are too many for a page."""


def launch_links(
    server: str, run: str, state: Mapping[str, Any], *, has_comparison: bool
) -> LaunchLinks:
    """Return the links of a launch.

    Args:
        server: Address of MLflow.
        run: Id of the launch.
        state: What the tracker keeps of it: experiment, and runs by label.
        has_comparison: Whether the launch has ended, so that its comparison is there.
    """
    pages = f"{server.rstrip('/')}/#"
    experiment = f"{pages}/experiments/{state['experiment_id']}/runs"
    shown = f"/artifacts/{COMPARISON_PAGE}" if has_comparison else ""
    children = [run_id for label, run_id in state["runs"].items() if label]
    own = quote(f"tags.`amx.run` = '{run}'")
    compared = quote(json.dumps(children))
    experiments = quote(json.dumps([str(state["experiment_id"])]))
    return LaunchLinks(
        comparison=f"{experiment}/{state['runs']['']}{shown}?{_TRAINING}",
        charts=f"{experiment}?{_TRAINING}&compareRunsMode=CHART&searchFilter={own}",
        side_by_side=f"{pages}/compare-runs?runs={compared}&experiments={experiments}&{_TRAINING}"
        if 1 < len(children) <= _MOST_COMPARED
        else "",
    )


def front_page(server: str) -> str:
    """Return the page with all experiments."""
    return f"{server.rstrip('/')}/#/experiments?{_TRAINING}"
