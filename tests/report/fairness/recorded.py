"""Launches whose stages left records, hand-made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audiomotion.config.resolve import resolve
from audiomotion.files import write_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from tests.report.launches import axes

SIZES = {"parameters": 5_000_000, "compressor_parameters": 1_000_000}
GIVEN = {
    "steps": 100,
    "batch_size": 8,
    "samples": 800,
    "num_examples": 80,
    "num_instructions": 240,
    "forward_flops": 1e9,
    "compressor_flops": 2.5e8,
}
USED = {
    "cpu_seconds": 20.0,
    "gpu_seconds": 5.0,
    "peak_host_bytes": 2 * 10**9,
    "peak_gpu_bytes": 10**9,
}


def manifest(stage: str, key: str, seconds: float = 10.0, **facts: Any) -> dict[str, Any]:
    return {
        "stage": stage,
        "fingerprint": key,
        "seconds": seconds,
        "steps": 100,
        "resources": USED,
        "facts": facts,
    }


def keep(artifacts: Path, made: Mapping[str, Any]) -> None:
    folder = artifacts / made["stage"] / made["fingerprint"]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "manifest.json", made)


def trained(sizes: Mapping[str, Any] = SIZES, **given: Any) -> dict[str, Any]:
    """Return the facts of a training."""
    return {"model": dict(sizes), "training": GIVEN | given}


def arm(
    artifacts: Path,
    name: str,
    *sets: str,
    seed: int = 0,
    status: Any = "done",
    weights: str = "pre-trained",
    facts: Mapping[str, Any] | None = None,
    frozen: int | None = 90_000_000,
    evaluator: str = "one",
) -> ArmRecord:
    """Return the record of an arm, with the manifests of its stages on disk."""
    experiment = resolve("demo", sets=list(sets))[0].experiment.model_dump(mode="json")
    keys = {
        "dataset": "shared",
        "evaluator": evaluator,
        "features": f"features-{frozen}",
        "masked": f"masked-{name}-{seed}",
        "residual": f"residual-{name}-{seed}",
        "evaluation": f"evaluation-{name}-{seed}",
        "reference": "ceiling",
    }
    own = trained() if facts is None else dict(facts)
    noted = {"parameters": frozen, "flops": 3e9, "seconds_of_audio": 1.5}
    for stage, key in keys.items():
        is_trained = stage in ("masked", "residual")
        said = own if is_trained else {"encoder": noted} if stage == "features" else {}
        keep(artifacts, manifest(stage, key, **said))
    return ArmRecord(name, seed, {**experiment, "seed": seed}, keys, weights, status)


def run(*arms: ArmRecord, axis: str = "compressor") -> RunRecord:
    """Return the record of a launch; the first arm is the baseline."""
    return RunRecord(
        id="launch",
        kind="ablation",
        title=axis,
        dataset="demo",
        created="2026-01-01T00:00:00Z",
        arms=arms,
        references=("ceiling",),
        axis={**axes(axis), "baseline": arms[0].arm},
        status="done",
    )
