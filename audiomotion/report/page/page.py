"""A report put together: one file, which asks for nothing else."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from markupsafe import Markup

from audiomotion import __version__
from audiomotion.files import write_atomic
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.results import (
    fetch_audio,
    fetch_curves,
    fetch_results,
    fetch_wordings,
    stage_keys,
)
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.fairness.show import card_sheet
from audiomotion.report.page.environment import environment_section
from audiomotion.report.page.figures import figures_section, picture_groups
from audiomotion.report.page.palette import palette_css
from audiomotion.report.page.results import sheet_section
from audiomotion.report.page.scenes import scenes_of, shown_arms
from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import asset, rendered
from audiomotion.report.page.viewer import files_of, viewer_section
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.table import ResultTable

_VERSIONED: Final = ("dataset", "speak", "features", "text_features", "transcribe", "rvq",
                     "evaluator", "masked", "residual", "evaluation")  # fmt: skip
"""Stages whose versions the page tells, in the order in which they run."""


def write_report(
    record: RunRecord,
    store: ArtifactStore,
    table: ResultTable,
    path: Path,
    cards: Sequence[Section] = (),
) -> None:
    """Write the page of a launch; of the same launch it has the same bytes.

    Args:
        record: The launch, ended.
        store: Its store; what the page shows is fetched from one behind a URL.
        table: Of the launch, as `table_of` returns it.
        path: The file; its folder must be there.
        cards: Sections that others made, which stand behind the motions.

    Raises:
        DataError: An artifact that it shows is damaged, or the file cannot be written.
    """
    html = report_page(record, store, table, cards)
    write_atomic(path, lambda file: file.write(html.encode()))


def report_page(
    record: RunRecord, store: ArtifactStore, table: ResultTable, cards: Sequence[Section] = ()
) -> str:
    """Return the page of a launch; see `write_report`."""
    for fetch in (fetch_results, fetch_curves, fetch_wordings):
        fetch(store, record)
    artifacts = store.artifact_root
    scenes = scenes_of(record, artifacts)
    fetch_audio(store, files_of(scenes))
    sections = [
        sheet_section("results", "Results", sheet_of(table)),
        figures_section(picture_groups(record, table, artifacts, store.runs)),
        viewer_section(scenes, shown_arms(record), artifacts),
        *_given(table),
        *cards,
        environment_section(record, artifacts, store.named(stage_keys(record, *_VERSIONED))),
    ]
    return _assembled(record, [section for section in sections if section is not None])


def _given(table: ResultTable) -> list[Section]:
    if table.card is None:
        return []
    return [sheet_section("fairness", "What each arm was given", card_sheet(table.card))]


def _assembled(record: RunRecord, sections: Sequence[Section]) -> str:
    questions = [str(one["question"]) for one in record.axis.get("axes", ())]
    title = f"{record.title} on {record.dataset}"
    heading = questions[0] if questions else title
    return whole_page(heading, title, _facts(record), sections, questions[1:])


def whole_page(
    heading: str,
    eyebrow: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    more_questions: Sequence[str] = (),
) -> str:
    """Return a page of sections; a section `motions` gets the script of the viewer."""
    scripts = {
        "theme": asset("theme.js"),
        "viewer": asset("skeleton.js") + asset("viewer.js"),
    }
    return rendered(
        "page",
        policy=_policy(scripts.values()),
        heading=heading,
        more_questions=more_questions,
        eyebrow=eyebrow,
        facts=facts,
        sections=sections,
        style=Markup(palette_css() + asset("page.css")),
        has_viewer=any(section.id == "motions" for section in sections),
        version=__version__,
        **{name: Markup(text) for name, text in scripts.items()},
    )


def _policy(scripts: Iterable[str]) -> str:
    """Return what the browser is to hold the page to: its own scripts, and no request at all."""
    digests = (hashlib.sha256(text.encode()).digest() for text in scripts)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; media-src data:; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    arms = list(dict.fromkeys(arm.arm for arm in record.arms))
    done = {arm.arm for arm in record.arms if arm.status == "done"}
    seeds = len({arm.seed for arm in record.arms})
    facts = [("Launch", record.id), ("State", record.status)]
    facts += (
        [("Finished", record.updated.replace("T", " ").replace("Z", " UTC"))]
        if record.updated
        else []
    )
    facts += [("Arms", f"{len(arms)}, {len(done)} with a result"), ("Training seeds", str(seeds))]
    if baseline := record.axis.get("baseline"):
        facts.append(("Baseline", str(baseline)))
    return facts
