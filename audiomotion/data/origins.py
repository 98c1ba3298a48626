"""Where each part of a data set comes from, and under which terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from audiomotion.config.datasets import DatasetSchema

_HUMANML3D_URL = "https://github.com/EricGuo5513/HumanML3D"


@dataclass(frozen=True)
class Origin:
    """Where something comes from."""

    what: str
    source: str
    licence: str


_ORAL = Origin(
    "oral",
    "made by `amx data oral`, or by who built the data set; the paper's rewrites are not published",
    "that of the captions, and the terms of the model that rewrote them",
)

_PUBLISHED: Mapping[str, tuple[Origin, ...]] = MappingProxyType(
    {
        "kit": (
            Origin(
                "motion and captions",
                "KIT Motion-Language Dataset (Plappert, Mandery, Asfour 2016), as features by Guo "
                f"et al. 2022, linked from {_HUMANML3D_URL}",
                "the KIT data set's own terms, accepted where it is given out",
            ),
            _ORAL,
        ),
        "humanml3d": (
            Origin(
                "new_joint_vecs, new_joints",
                f"AMASS and HumanAct12, processed by the instructions at {_HUMANML3D_URL}",
                "AMASS's licence (not for commercial use), accepted where it is given out",
            ),
            Origin("texts, split lists", _HUMANML3D_URL, "MIT, as its repository says"),
            _ORAL,
        ),
        "demo": (Origin("everything", "made by audiomotion from a seed", "that of audiomotion"),),
    }
)


def origins(config: DatasetSchema, record: Mapping[str, Any]) -> tuple[Origin, ...]:
    """Return the origins of a data set; those of our own building say them in dataset.json."""
    if config.name in _PUBLISHED:
        return _PUBLISHED[config.name]
    title, url = (str(record.get(key) or "") for key in ("title", "url"))
    source = " ".join(filter(None, (title, url))) or "not said in dataset.json"
    licence = str(record.get("licence") or "") or "not said in dataset.json"
    return (Origin("everything", source, licence),)
