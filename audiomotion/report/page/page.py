"""A report put together: one file, which asks for nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audiomotion import __version__
from audiomotion.files import write_atomic
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.results import (
    fetch_audio,
    fetch_curves,
    fetch_results,
    fetch_wordings,
)
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.outside import table_of
from audiomotion.report.page.environment import environment_section
from audiomotion.report.page.figures import Picture, figures_section
from audiomotion.report.page.palette import palette_css
from audiomotion.report.page.results import results_section
from audiomotion.report.page.scenes import scenes_of, shown_arms
from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import asset, rendered
from audiomotion.report.page.viewer import files_of, viewer_section


def write_report(
    record: RunRecord, store: ArtifactStore, path: Path, cards: Sequence[Section] = ()
) -> None:
    """Write the page of a launch; of the same launch it has the same bytes.

    Args:
        record: The launch, ended.
        store: Its store; what the page shows is fetched from one behind a URL.
        path: The file; its folder must be there.
        cards: Sections that others made, which stand behind the motions.

    Raises:
        DataError: An artifact that it shows is damaged, or the file cannot be written.
    """
    html = report_page(record, store, cards)
    write_atomic(path, lambda file: file.write(html.encode()))


def report_page(record: RunRecord, store: ArtifactStore, cards: Sequence[Section] = ()) -> str:
    """Return the page of a launch; see `write_report`."""
    for fetch in (fetch_results, fetch_curves, fetch_wordings):
        fetch(store, record)
    artifacts = store.artifact_root
    scenes = scenes_of(record, artifacts)
    fetch_audio(store, files_of(scenes))
    table = table_of(record, artifacts)
    made = store.named(_all_keys(record))
    sections = [
        results_section(table),
        figures_section(_pictures(record, artifacts)),
        viewer_section(scenes, shown_arms(record), artifacts),
        *cards,
        environment_section(record, artifacts, made),
    ]
    return _assembled(record, [section for section in sections if section is not None])
