"""Whether a folder holds a data set in the published layout: quick, without reading motion."""

import json
from pathlib import Path
from typing import Any

from audiomotion.config.datasets import FolderSchema
from audiomotion.data.published_counts import SPLITS
from audiomotion.errors import ConfigError, DataError
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS, Skeleton

# A few listed clips without files are tolerated and reported; more means a copy that broke off.
_TOLERATED_SHARE = 0.01

_HUMANML3D_URL = "https://github.com/EricGuo5513/HumanML3D"
_HOW_TO_GET = {
    "bandai": "build it with `amx data build bandai --source DIR --data-root {root}`, where DIR "
    "holds the archives or a copy of the published repository (CC BY-NC 4.0)",
    "kit": f"KIT-ML is linked from {_HUMANML3D_URL}; put its unpacked folder at {{folder}}. It "
    "comes from the KIT Motion-Language Dataset, whose terms you accept there",
    "humanml3d": f"make it by the instructions at {_HUMANML3D_URL} and put it at {{folder}}. Its "
    "motions come from AMASS, whose licence you accept there (not for commercial use)",
}
_HOW_TO_GET_OTHER = "put a data set in the folder layout of HumanML3D at {folder}"


def dataset_folder(config: FolderSchema, root: Path | None) -> Path:
    """Return where the data set lies.

    Raises:
        ConfigError: No data root was given.
    """
    if root is None:
        raise ConfigError(
            f"data set {config.name} is read from files: say below which folder with --data-root "
            f"ROOT or AMX_DATA_ROOT=ROOT (it is expected at ROOT/{config.folder}). To get it: "
            f"{how_to_get(config, Path('ROOT'))}"
        )
    return root / config.folder


def check_folder(config: FolderSchema, root: Path | None) -> list[str]:
    """Return what is missing of a data set, with where it belongs and how to get it.

    An empty list means that it can be read; the content of motion files is not looked at.
    """
    try:
        folder = dataset_folder(config, root)
    except ConfigError as error:
        return error.problems
    missing = missing_parts(folder)
    if not missing:
        missing = _missing_clips(folder)
    if not missing:
        return []
    assert root is not None
    how = how_to_get(config, root)
    return [f"data set {config.name}: {'; '.join(missing)}. To get it: {how}"]


def how_to_get(config: FolderSchema, root: Path) -> str:
    """Say how the data set is got."""
    how = _HOW_TO_GET.get(config.name, _HOW_TO_GET_OTHER)
    return how.format(root=root, folder=root / config.folder)


def read_split_names(folder: Path, split: str) -> list[str]:
    """Return the clip names listed in a split's file, each once, in its order.

    Raises:
        DataError: The file cannot be read.
    """
    path = folder / f"{split}.txt"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}; copy it again") from error
    return list(dict.fromkeys(name for line in lines if (name := line.strip())))


def read_dataset_record(folder: Path) -> dict[str, Any]:
    """Return the content of dataset.json, which only data sets of our own building have.

    Raises:
        DataError: The file is there and damaged.
    """
    path = folder / "dataset.json"
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); copy or build the data set again") from error
    if not isinstance(record, dict):
        raise DataError(f"{path} holds no table; copy or build the data set again")
    return record


def folder_skeleton(config: FolderSchema, folder: Path) -> Skeleton:
    """Return the skeleton that a data set's record names, or else the one of its published form.

    Raises:
        DataError: There is no such skeleton, or the record is damaged.
    """
    default = KIT_21 if config.name == "kit" else HUMANML3D_22
    name = read_dataset_record(folder).get("skeleton", default.name)
    if name not in SKELETONS:
        raise DataError(
            f"{folder / 'dataset.json'}: skeleton '{name}' is not one of {', '.join(SKELETONS)}"
        )
    return SKELETONS[name]


def missing_parts(folder: Path) -> list[str]:
    """Return what a folder lacks of the layout, clips apart."""
    if not folder.is_dir():
        return [f"the folder {folder} is missing"]
    missing = [f"{folder / part} is missing" for part in ("new_joint_vecs", "texts")
               if not (folder / part).is_dir()]  # fmt: skip
    lists = [folder / f"{split}.txt" for split in SPLITS]
    return missing + [f"{path} is missing or empty" for path in lists if not _has_content(path)]


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _missing_clips(folder: Path) -> list[str]:
    names = {name for split in SPLITS for name in read_split_names(folder, split)}
    missing = []
    for part, suffix in (("new_joint_vecs", ".npy"), ("texts", ".txt")):
        absent = names - {path.name.removesuffix(suffix) for path in (folder / part).iterdir()}
        if len(absent) > _TOLERATED_SHARE * len(names):
            missing.append(
                f"{len(absent)} of {len(names)} listed clips have no file in {folder / part} "
                f"(such as {min(absent)}{suffix})"
            )
    return missing
