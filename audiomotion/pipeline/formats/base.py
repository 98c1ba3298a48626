"""The contract of every exporter."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from audiomotion.config.exporters import EXPORTERS, ExporterSchema
from audiomotion.config.nearest import not_one_of
from audiomotion.config.schema import load_implementation
from audiomotion.errors import ConfigError
from audiomotion.files import full_disk_explained, write_atomic
from audiomotion.pipeline.motion import GeneratedMotion

ConfigT = TypeVar("ConfigT", bound=ExporterSchema)


class Exporter(ABC, Generic[ConfigT]):
    """Writes motions in one format. The same motion is the same bytes.

    Args:
        config: The format and its options.
    """

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    @abstractmethod
    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return the content of each file, by what its name ends in, the main one first.

        Raises:
            DataError: The motion has no place in this format.
            ModelError: What writes the format is not there.
        """

    def write(self, motion: GeneratedMotion, path: Path) -> list[Path]:
        """Write the file, and those beside it that the format has; return them.

        Args:
            motion: What is written.
            path: The main file; its folder is made. Nothing is left half written.

        Raises:
            DataError: As `files`, or the disk is full or the folder not writable.
            ModelError: As `files`.
        """
        written = []
        with full_disk_explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        for ending, content in self.files(motion).items():
            target = path.with_name(path.stem + ending)
            write_atomic(target, lambda file, content=content: file.write(content))  # type: ignore[misc]
            written.append(target)
        return written


def exporter_of(name: str, options: Mapping[str, Any] | None = None) -> Exporter[Any]:
    """Return the exporter of a format.

    Raises:
        ConfigError: There is no such format, or it has no such option.
    """
    schemas = EXPORTERS.schemas
    if name not in schemas:
        raise ConfigError(f"format {not_one_of(name, list(schemas))}")
    try:
        config = schemas[name](name=name, **(options or {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"format {name}: {where}: {first['msg']}") from error
    exporter = load_implementation(config)(config)
    if not isinstance(exporter, Exporter):
        raise ConfigError(f"format {name!r}: {config.implementation} is no Exporter")
    return exporter
