"""Which system of which launch is meant."""

from collections.abc import Sequence

from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import ArmRecord, RunRecord


def find_run(run: str, records: Sequence[RunRecord]) -> RunRecord:
    """Return the launch whose id is `run`, or the only one whose id begins so.

    Raises:
        ConfigError: There is none, or several.
    """
    exact = [record for record in records if record.id == run]
    found = exact or [record for record in records if record.id.startswith(run)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(record.id for record in found)
        raise ConfigError(f"{run!r} is the beginning of several launches: {names}; give more of it")
    if not records:
        raise ConfigError(f"{run!r}: there are no launches here; see --store")
    raise ConfigError(not_one_of(run, [record.id for record in records], what="the launches "))


def find_arm(record: RunRecord, name: str | None, seed: int | None) -> ArmRecord:
    """Return the one finished system of a launch that is meant.

    Raises:
        ConfigError: None of this name and seed finished, or several did.
    """
    done = [arm for arm in record.arms if arm.status == "done" and "masked" in arm.fingerprints]
    found = [arm for arm in done if name in (None, arm.arm) and seed in (None, arm.seed)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"--arm {arm.arm} --seed {arm.seed}" for arm in done)
    if not done:
        raise ConfigError(f"{record.id} has no finished system that was trained here")
    raise ConfigError(f"{record.id} has {listed}; choose one of them")
