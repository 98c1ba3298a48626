"""Packages that add extractors, compressors or data sets by entry point, and travel with a job."""

from importlib.metadata import distributions

from audiomotion.errors import ConfigError
from audiomotion.orchestrate.submitting.wheel import Wheel, repacked

_GROUPS = "audiomotion."


def plugin_wheels() -> tuple[list[Wheel], list[str]]:
    """Return a wheel of every plugin that is installed here, and why some cannot travel."""
    wheels, problems = {}, []
    for dist in distributions():
        name = dist.name
        is_plugin = any(entry.group.startswith(_GROUPS) for entry in dist.entry_points)
        # The first of a name is the one that Python imports.
        if is_plugin and name != "audiomotion" and name not in wheels:
            try:
                wheels[name] = repacked(dist)
            except ConfigError as error:
                problems.append(str(error))
    return [wheels[name] for name in sorted(wheels)], problems
