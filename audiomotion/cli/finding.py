"""Find a launch by its id, or by the beginning of it."""

from collections.abc import Sequence

from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import RunRecord


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
