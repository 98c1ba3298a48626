"""The table of any record of a store."""

from audiomotion.orchestrate.outside import comparable_systems
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.orchestrate.results import fetch_manifests, fetch_reports, fetch_results
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.building import build_table
from audiomotion.report.outside import outside_table
from audiomotion.report.table import ResultTable


def table_of(store: ArtifactStore, record: RunRecord) -> ResultTable:
    """Return the table of a launch, or of another system that was measured.

    Where the launch stands beside published systems, those whose motions were measured as its arms
    were have rows of measured figures too.
    """
    fetch_results(store, record, drawn=False)
    if record.kind == "outside":
        return outside_table(record, store.artifact_root)
    fetch_manifests(store, record)
    return build_table(record, store.artifact_root, systems_beside(store, record))


def systems_beside(store: ArtifactStore, record: RunRecord) -> list[ArmRecord]:
    """Return the other systems that have rows in the table of a launch, their figures fetched."""
    published = [one["published"] for one in record.axis.get("axes", ())]
    if not any(one and one["others"] for one in published):
        return []
    systems = list(comparable_systems(store, record.arms[0]).values())
    fetch_reports(store, [("outside", arm.fingerprints["outside"]) for arm in systems])
    return systems
