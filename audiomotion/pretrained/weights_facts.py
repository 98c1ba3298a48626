"""Licence, size and source of the published weights, to be shown before any is fetched."""

import logging
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WeightsFacts:
    """One set of published weights."""

    weights: str
    """Hub id or file name, as a part's `weights` names it."""

    part: str
    """Name of the extractor, text encoder or synthesizer that reads them."""

    licence: str
    commercial_use: bool
    megabytes: int
    """Size of the download."""

    source: str
    revision: str | None = None
    """Revision that these facts were read from; None where none is pinned, or for a file."""

    @property
    def notice(self) -> str:
        """One sentence with licence, use and source."""
        use = "commercial use allowed" if self.commercial_use else "NO commercial use"
        return f"{self.weights}: {self.licence}, {use}, {self.megabytes} MB, {self.source}"


_WAVLM_LICENCE = (
    "MIT (code and torchaudio's copy); the hub's card links UniSpeech's licence, CC BY-SA 3.0"
)

PUBLISHED_WEIGHTS: tuple[WeightsFacts, ...] = (
    WeightsFacts(
        weights="microsoft/wavlm-base-plus",
        part="wavlm",
        licence=_WAVLM_LICENCE,
        commercial_use=True,
        megabytes=378,
        source="https://huggingface.co/microsoft/wavlm-base-plus",
        revision="4c66d4806a428f2e922ccfa1a962776e232d487b",
    ),
    WeightsFacts(
        weights="microsoft/wavlm-base",
        part="wavlm",
        licence=_WAVLM_LICENCE,
        commercial_use=True,
        megabytes=378,
        source="https://huggingface.co/microsoft/wavlm-base",
    ),
    WeightsFacts(
        weights="microsoft/wavlm-large",
        part="wavlm",
        licence=_WAVLM_LICENCE,
        commercial_use=True,
        megabytes=1262,
        source="https://huggingface.co/microsoft/wavlm-large",
    ),
    WeightsFacts(
        weights="facebook/encodec_24khz",
        part="encodec",
        licence="MIT (the code's licence; the weights carry none of their own)",
        commercial_use=True,
        megabytes=93,
        source="https://huggingface.co/facebook/encodec_24khz",
        revision="c1dbe2ae3f1de713481a3b3e7c47f357092ee040",
    ),
    WeightsFacts(
        weights="openai/whisper-small",
        part="whisper",
        licence="Apache-2.0",
        commercial_use=True,
        megabytes=967,
        source="https://huggingface.co/openai/whisper-small",
    ),
    WeightsFacts(
        weights="openai/clip-vit-base-patch32",
        part="clip",
        licence="MIT (the code's licence; the weights carry none of their own)",
        commercial_use=True,
        megabytes=605,
        source="https://huggingface.co/openai/clip-vit-base-patch32",
    ),
    WeightsFacts(
        weights="sentence-transformers/all-MiniLM-L6-v2",
        part="sentence",
        licence="Apache-2.0",
        commercial_use=True,
        megabytes=91,
        source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    ),
    WeightsFacts(
        weights="microsoft/speecht5_tts",
        part="speecht5",
        licence="MIT",
        commercial_use=True,
        megabytes=585,
        source="https://huggingface.co/microsoft/speecht5_tts",
    ),
    WeightsFacts(
        weights="microsoft/speecht5_hifigan",
        part="speecht5",
        licence="MIT",
        commercial_use=True,
        megabytes=51,
        source="https://huggingface.co/microsoft/speecht5_hifigan",
    ),
    WeightsFacts(
        weights="facebook/mms-tts-eng",
        part="vits",
        licence="CC BY-NC 4.0",
        commercial_use=False,
        megabytes=145,
        source="https://huggingface.co/facebook/mms-tts-eng",
    ),
    WeightsFacts(
        weights="imagebind_huge.pth",
        part="imagebind",
        licence="CC BY-NC-SA 4.0",
        commercial_use=False,
        megabytes=4804,
        source="https://dl.fbaipublicfiles.com/imagebind/imagebind_huge.pth",
    ),
)


def weights_facts(weights: str) -> WeightsFacts | None:
    """Return the facts of published weights by hub id or file name, None where nothing is known."""
    return next((facts for facts in PUBLISHED_WEIGHTS if facts.weights == weights), None)


def log_licence(facts: WeightsFacts) -> None:
    """Log the notice: as a warning where commercial use is forbidden."""
    level = logging.INFO if facts.commercial_use else logging.WARNING
    logger.log(level, facts.notice)
