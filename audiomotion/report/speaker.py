"""Whether conditions still tell who spoke: the probes of a launch as rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.files import read_json
from audiomotion.orchestrate.speaker_probes import SpeakerProbes
from audiomotion.report.render.grid import Grid, GridRow, Heading, Sheet, texts
from audiomotion.stages.graph import SpeakerProbeStage
from audiomotion.stages.results import SPEAKER

SPEAKER_HEADINGS: Final = (
    *("arm", "seed", "accuracy", "balanced accuracy", "of the features", "balanced, features"),
    *("chance", "voices", "clips (judged)"),
)

SPEAKER_LEGEND: Final = (
    "A linear probe (logistic regression, L2 chosen on clips that it is not judged on) says who "
    "spoke: from the condition of the masked transformer's compressor, and from mean and standard "
    "deviation of the extractor's frames, as what there was to forget. Lower is better forgotten; "
    "chance is the share of the likeliest voice (balanced: 1 / voices). [ ]: 95 %, of accuracy "
    "Wilson's over utterances, of balanced accuracy bootstrap over clips; neither is over training "
    "seeds."
)


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class SpeakerFigures:
    """How well a linear probe tells the voices, of clips that it was not fitted to."""

    accuracy: Share
    balanced_accuracy: Share
    chance: float
    balanced_chance: float
    num_voices: int
    num_clips: int
    num_judged_clips: int
    num_utterances: int
    num_judged_utterances: int
    num_left_out: int
    """Utterances of the split that are not probed: recordings, rare voices, above the most."""
    l2: float
    width: int
    """Numbers that the probe reads of an utterance."""


@dataclass(frozen=True)
class SpeakerRow:
    """One arm and seed."""

    arm: str
    seed: int
    condition: SpeakerFigures
    features: SpeakerFigures
    """Of what the arm's compressor is given: the upper reference."""


@dataclass(frozen=True)
class SpeakerTable:
    """The probes of a launch."""

    rows: Sequence[SpeakerRow]
    notes: Sequence[str]
    """What the figures are, and who has none."""


def speaker_table(probes: SpeakerProbes, artifacts: Path) -> SpeakerTable:
    """Return what the probes of a launch found, all of which are there.

    Args:
        probes: As `make_probes` returns them.
        artifacts: Folder `artifacts` of the store.
    """
    rows = [
        SpeakerRow(
            arm=arm,
            seed=seed,
            condition=_figures(stage, artifacts),
            features=_figures(probes.of_features[arm], artifacts),
        )
        for (arm, seed), stage in probes.of_condition.items()
    ]
    left_out = [f"Not probed: {arm} ({reason})." for arm, reason in probes.left_out.items()]
    split = next(iter(probes.of_condition.values())).config.probe.split
    notes = [f"{SPEAKER_LEGEND} Clips: of the split {split}.", *_blind_notes(rows), *left_out]
    return SpeakerTable(rows, notes)


def _blind_notes(rows: Sequence[SpeakerRow]) -> list[str]:
    """Say of which arms the reference tells nothing."""
    blind = {row.arm: None for row in rows if row.features.accuracy.low <= row.features.chance}
    if not blind:
        return []
    return [
        f"Of {', '.join(blind)} the features' own summary does not tell voices above chance, so it "
        "is no upper reference there (frames that are normalised over each utterance, as "
        "log-mel's are, have no such summary)."
    ]


def _figures(stage: SpeakerProbeStage, artifacts: Path) -> SpeakerFigures:
    content = dict(read_json(artifacts / stage.name / stage.fingerprint / SPEAKER))
    del content["voices"]
    return SpeakerFigures(
        accuracy=Share(**content.pop("accuracy")),
        balanced_accuracy=Share(**content.pop("balanced_accuracy")),
        **content,
    )


def speaker_cells(row: SpeakerRow) -> list[str]:
    """Return a row's cells, in the order of `SPEAKER_HEADINGS`."""
    own, reference = row.condition, row.features
    return [
        row.arm,
        str(row.seed),
        *(str(share) for share in (own.accuracy, own.balanced_accuracy)),
        *(str(share) for share in (reference.accuracy, reference.balanced_accuracy)),
        f"{own.chance:.3f} ({own.balanced_chance:.3f})",
        str(own.num_voices),
        f"{own.num_clips} ({own.num_judged_clips})",
    ]


def speaker_sheet(table: SpeakerTable) -> Sheet:
    """Return what every printed form of the probes shows."""
    grid = Grid(
        title="Who spoke",
        headings=[Heading(label) for label in SPEAKER_HEADINGS],
        groups=[[GridRow(texts(*speaker_cells(row))) for row in table.rows]],
        num_row_headings=2,
    )
    return Sheet([grid], warnings=[], notes=table.notes)


def speaker_json(table: SpeakerTable) -> str:
    """Return everything that the probes left."""
    content: Mapping[str, Any] = {
        "rows": [asdict(row) for row in table.rows],
        "notes": list(table.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)
