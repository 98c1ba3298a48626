"""What a launch was made of and with: command, data, versions, configuration, fingerprints."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from audiomotion.config.dotted import flatten, nested
from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.orchestrate.results import stage_keys
from audiomotion.orchestrate.store import Artifact
from audiomotion.report.page.commands import reproduction
from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.render.grid import Grid, plain_grid
from audiomotion.stages.results import DATASET_REPORT

_SHORT: Final = 16
"""Digits of a fingerprint that are shown."""

_PRIVATE: Final = ("host",)
"""What an artifact says of its machine and a page that is passed on does not."""

_NO_VALUE: Final = "–"


def environment_section(record: RunRecord, artifacts: Path, made: Sequence[Artifact]) -> Section:
    """Return the section.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store, with the reports of the data sets.
        made: Its artifacts, which say what they were made with.
    """
    common, differing = _split([arm.experiment for arm in record.arms])
    html = rendered(
        "environment",
        reproduction=reproduction(record),
        data=_data(record, artifacts),
        versions=_versions(made),
        differing=_differing(record.arms, differing),
        common=yaml.safe_dump(common, sort_keys=False, allow_unicode=True),
        fingerprints=_fingerprints(record.arms),
    )
    return Section("environment", "How it was made", html)


def _data(record: RunRecord, artifacts: Path) -> Grid:
    """Return a row a data set: raw files, artifact, and what is left of it."""
    rows = []
    for _, key in stage_keys(record, "dataset"):
        arm = next(arm for arm in record.arms if key in arm.fingerprints.values())
        content = arm.experiment["dataset"].get("content")
        path = artifacts / "dataset" / key / DATASET_REPORT
        report = read_json(path) if path.exists() else {}
        counts = report.get("num_clips", {})
        rows.append(
            [
                record.dataset,
                content[:_SHORT] if content else "made by the code, from its settings",
                key[:_SHORT],
                ", ".join(f"{split} {count}" for split, count in counts.items()) or _NO_VALUE,
                str(len(report["dropped"])) if report else _NO_VALUE,
            ]
        )
    columns = ["data set", "fingerprint of the raw files", "of the artifact", "clips", "left out"]
    return plain_grid("Data that every figure is of", columns, rows)


def _versions(made: Iterable[Artifact]) -> Grid:
    """Return a row a kind of stage: the machine, and the versions that decide a result."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for artifact in made:
        for name, value in artifact.manifest.get("environment", {}).items():
            if name not in _PRIVATE:
                found.setdefault(artifact.stage, {}).setdefault(name, {})[str(value)] = None
    names = list(dict.fromkeys(name for values in found.values() for name in values))
    rows = [
        [stage, *(", ".join(values.get(name, ())) or _NO_VALUE for name in names)]
        for stage, values in found.items()
    ]
    return plain_grid("Versions and devices, as each stage noted them", ["stage", *names], rows)


def _split(
    experiments: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], list[str]]:
    """Return what all have alike, nested, and the dotted keys of the rest."""
    flat = [dict(flatten(experiment)) for experiment in experiments]
    keys = list(dict.fromkeys(key for leaves in flat for key in leaves))
    alike = [
        key for key in keys if all(leaves.get(key, ...) == flat[0].get(key) for leaves in flat)
    ]
    return nested({key: flat[0][key] for key in alike}), [key for key in keys if key not in alike]


def _differing(arms: Sequence[ArmRecord], keys: Sequence[str]) -> Grid:
    """Return a row a key: its value in each arm; the seed is in no row, since all have it."""
    first: dict[str, ArmRecord] = {}
    for arm in arms:
        first.setdefault(arm.arm, arm)
    shown = list(first.values())
    flat = [dict(flatten(arm.experiment)) for arm in shown]
    rows = [
        [key, *(_value(leaves.get(key, ...)) for leaves in flat)] for key in keys if key != "seed"
    ]
    return plain_grid("Where the arms differ", ["key", *(arm.arm for arm in shown)], rows)


def _value(value: Any) -> str:
    return _NO_VALUE if value is ... else str(value)


def _fingerprints(arms: Sequence[ArmRecord]) -> Grid:
    stages = list(dict.fromkeys(stage for arm in arms for stage in arm.fingerprints))
    rows = [
        [
            f"{arm.arm}, seed {arm.seed}",
            *(arm.fingerprints.get(stage, _NO_VALUE)[:_SHORT] for stage in stages),
        ]
        for arm in arms
    ]
    return plain_grid(f"The first {_SHORT} digits of each", ["arm", *stages], rows)
