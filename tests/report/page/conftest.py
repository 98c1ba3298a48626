from pathlib import Path

import pytest

from audiomotion.orchestrate.records import RunRecord
from audiomotion.report.page.page import write_report
from audiomotion.report.tables import table_of
from tests.report.page.stores import PageStore, feature_extractors


@pytest.fixture(scope="session")
def launched(tmp_path_factory: pytest.TempPathFactory) -> tuple[PageStore, RunRecord]:
    """Return a launch of four arms with two seeds each, all done; to be read only."""
    return feature_extractors(tmp_path_factory.mktemp("page") / "store")


@pytest.fixture(scope="session")
def page(launched: tuple[PageStore, RunRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of that launch."""
    held, record = launched
    path = tmp_path_factory.mktemp("written") / "page.html"
    write_report(record, held.store, table_of(held.store, record), path)
    return path
