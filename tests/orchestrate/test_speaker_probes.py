from dataclasses import replace

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.errors import ConfigError, DataError
from audiomotion.orchestrate.launch import Request, make_plan, new_record
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.speaker_probes import make_probes, speaker_probes
from tests.cli.command_line import TINY

PROBE = SpeakerProbeConfig()


def record(*arms: tuple[str, tuple[str, ...]], seeds=(0,), status="done") -> RunRecord:
    named = [
        (name, one.experiment)
        for name, sets in arms
        for one in resolve(TINY, sets=sets, seeds=seeds, weights="random")
    ]
    request = Request("ablation", "axis", named, {})
    made = new_record(request, make_plan(request))
    return replace(made, arms=tuple(replace(arm, status=status) for arm in made.arms))


HEARS = ("a", ())
OTHER = ("b", ("compressor={name: conv1d, condition_dim: 16}",))
READS = ("c", ("condition=text",))


def test_a_probe_an_arm_and_seed_and_one_of_what_they_share():
    probes = speaker_probes(record(HEARS, OTHER, seeds=(0, 1)), PROBE)
    assert set(probes.of_condition) == {("a", 0), ("a", 1), ("b", 0), ("b", 1)}
    assert len({stage.fingerprint for stage in probes.of_condition.values()}) == 4
    assert len({stage.fingerprint for stage in probes.of_features.values()}) == 1
    kinds = [stage.name for stage in probes.plan.stages.values()]
    assert kinds.count("speaker_probe") == 5
    assert not {"evaluation", "residual"} & set(kinds)


def test_what_has_no_speaker_or_no_result_is_left_out():
    made = record(HEARS, READS)
    probes = speaker_probes(made, PROBE)
    assert list(probes.left_out.items()) == [("c", "it reads, and nobody speaks")]
    with pytest.raises(ConfigError, match="c: it reads"):
        speaker_probes(record(READS), PROBE)
    with pytest.raises(ConfigError, match="seed 0 has no result"):
        speaker_probes(record(HEARS, status="failed"), PROBE)
    with pytest.raises(ConfigError, match="made elsewhere"):
        speaker_probes(replace(made, kind="outside"), PROBE)


def test_stages_of_another_version_are_not_probed():
    made = record(HEARS)
    keys = {**made.arms[0].fingerprints, "masked": "0" * 64}
    other = replace(made, arms=(replace(made.arms[0], fingerprints=keys),))
    with pytest.raises(DataError, match="another version"):
        speaker_probes(other, PROBE)


def test_nothing_is_trained_for_a_probe(store):
    def run(plan):
        raise AssertionError("ran")

    with pytest.raises(DataError, match=r"of this launch dataset, .*masked.* are not in"):
        make_probes(speaker_probes(record(HEARS), PROBE), store, run)
