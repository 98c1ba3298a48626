"""Probes of who spoke, for the arms of a launch: which are to be made, and where each one's is."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audiomotion.config.experiment import Experiment
from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.errors import ConfigError, DataError
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.graph import SpeakerProbeStage
from audiomotion.stages.results import SPEAKER
from audiomotion.stages.system import SystemStages

ArmSeed = tuple[str, int]
"""Name of an arm, and a seed."""


@dataclass(frozen=True)
class SpeakerProbes:
    """The probes of a launch."""

    of_condition: Mapping[ArmSeed, SpeakerProbeStage]
    """Of each arm and seed that has a result and hears."""
    of_features: Mapping[str, SpeakerProbeStage]
    """Of each such arm's features, which nothing has compressed: what there is to forget."""
    left_out: Mapping[str, str]
    """Arms without a probe, and why."""

    @property
    def plan(self) -> Plan:
        """All probes, equal ones once; the features' before what they are set beside."""
        targets = [
            Target(arm, seed, stage, (self.of_features[arm],))
            for (arm, seed), stage in self.of_condition.items()
        ]
        return Plan(targets)


def speaker_probes(record: RunRecord, probe: SpeakerProbeConfig) -> SpeakerProbes:
    """Return the probes of a launch; nothing is run.

    Raises:
        ConfigError: No arm has a result of a system that hears.
        DataError: An arm was trained by a version whose stages are others.
    """
    of_condition: dict[ArmSeed, SpeakerProbeStage] = {}
    of_features: dict[str, SpeakerProbeStage] = {}
    left_out: dict[str, str] = {}
    for arm in record.arms:
        if reason := _reason_against(record, arm):
            left_out.setdefault(arm.arm, reason)
            continue
        stages = SystemStages(Experiment.model_validate_json(json.dumps(arm.experiment)))
        stage = stages.speaker_probe(probe, of="condition")
        if stage.inputs["masked"].fingerprint != arm.fingerprints["masked"]:
            raise DataError(f"{arm.arm} was trained by another version; run the launch again")
        of_condition[arm.arm, arm.seed] = stage
        of_features[arm.arm] = stages.speaker_probe(probe, of="features")
    if not of_condition:
        reasons = "; ".join(f"{arm}: {reason}" for arm, reason in left_out.items())
        raise ConfigError(f"{record.id} has nothing to probe for who spoke ({reasons})")
    return SpeakerProbes(of_condition, of_features, left_out)


def _reason_against(record: RunRecord, arm: ArmRecord) -> str:
    if record.kind == "outside":
        return "its motions were made elsewhere"
    if arm.experiment["condition"] != "audio":
        return "it reads, and nobody speaks"
    return "" if arm.status == "done" else f"seed {arm.seed} has no result"


def make_probes(
    probes: SpeakerProbes, store: ArtifactStore, run: Callable[[Plan], None]
) -> SpeakerProbes:
    """Have the probes made that are not in the store; return all of them.

    Args:
        probes: What is wanted.
        store: Where artifacts are.
        run: Runs the missing stages of a plan; not called where there are none.

    Raises:
        DataError: What is to be probed is gone: that would be trained again first.
    """
    plan = probes.plan
    available = store.available(plan.stages)
    missing = plan.missing(available)
    probed = {stage.fingerprint for stage in probes.of_condition.values()}
    probed |= {stage.fingerprint for stage in probes.of_features.values()}
    gone = sorted({stage.name for stage in missing if stage.fingerprint not in probed})
    if gone:
        raise DataError(
            f"of this launch {', '.join(gone)} are not in {store.location} any more; run it "
            "again, which makes them, and then probe"
        )
    if missing:
        run(plan)
    store.fetch_files(((stage.name, key) for key, stage in plan.stages.items()), [SPEAKER])
    return probes
