"""`amx data build own`: a data set of the user's own motion."""

import re
from pathlib import Path

from audiomotion.data.dataset import Progress
from audiomotion.errors import ConfigError

_NAME = re.compile(r"\w[\w.-]*")


def build_own_data(
    source: Path, data_root: Path, name: str, seed: int, progress: Progress
) -> list[str]:
    """Build `data_root`/`name`; return sentences that say what was built and how it is used.

    Raises:
        ConfigError: No usable name was given.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"--name {name!r}: the data set's folder below the data root is called so; use "
            "letters, digits, '.', '_' and '-', such as own"
        )
    from audiomotion.data.own import build_own
    from audiomotion.speech.audio_file import read_audio

    report = build_own(source, data_root / name, progress, read_audio, seed)
    use = f"--set dataset.folder={name} --data-root {data_root}"
    return [*report.lines(), f"train on it: amx train folder {use}"]
