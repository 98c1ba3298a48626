"""What speaks the captions: speech synthesizers, their voices, and what becomes of their audio."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from audiomotion.config.schema import Family, PartSchema

_CHOICE_OF_VOICE = frozenset({"num_voices", "seed", "test_voices"})


class SpeechSchema(PartSchema):
    """What all synthesizers share.

    Fields with `exclude=True` decide how fast and by whose leave speech comes, never how it sounds:
    they are in no fingerprint and in no record.
    """

    lasting = frozenset(
        {"seed", "test_voices", "silence_db", "kept_silence_seconds", "max_peak", "max_seconds"}
    )
    unheard: ClassVar[frozenset[str]] = _CHOICE_OF_VOICE
    """Keys that do not change how a given voice says a given text."""

    num_voices: int = Field(default=24, ge=1)
    """Voices drawn from, at random for each utterance."""

    seed: int = 0
    """Decides which voice speaks what."""

    test_voices: Literal["shared", "held-out"] = "shared"
    """`held-out`: the speakers of the val and test splits never speak a training clip."""

    silence_db: float = Field(default=-50.0, lt=0)
    """Silence: 10 ms whose loudness is this far below the loudest 10 ms of the utterance."""

    kept_silence_seconds: float | None = Field(default=0.05, ge=0)
    """Silence that is left before the first and after the last sound; null leaves all of it."""

    max_peak: float = Field(default=0.99, gt=0, le=1)
    """An utterance that is louder is scaled down to this peak; none is made louder."""

    max_seconds: float = Field(default=300.0, gt=0)
    """A longer utterance is an error: a model that does not stop."""

    @property
    def sound(self) -> dict[str, Any]:
        """All that decides how a given voice says a given text."""
        return self.model_dump(mode="json", exclude=set(self.unheard))


class EspeakConfig(SpeechSchema):
    """eSpeak NG, the embedded synthesizer: robotic, and the same on every machine."""

    implementation = "audiomotion.speech.espeak_backend:EspeakBackend"
    name: Literal["espeak"] = "espeak"
    words_per_minute: int = Field(default=175, ge=80, le=450)
    """Speaking rate; some voices are 10 % slower or faster."""


class FliteConfig(SpeechSchema):
    """Flite, the program of the system package flite: four speakers, each at five pitches."""

    implementation = "audiomotion.speech.flite:FliteBackend"
    name: Literal["flite"] = "flite"
    num_voices: int = Field(default=20, ge=1)
    """Voices drawn from, at random for each utterance."""

    program: str = Field(default="flite", exclude=True)
    """Name or path of the program."""


class PretrainedSpeechSchema(SpeechSchema):
    """A text-to-speech model of the transformers library, with noise from a seed."""

    unheard = frozenset({"num_voices", "test_voices", "content"})
    weights: str
    """Hub id or folder; nothing else is tried when it cannot be loaded."""

    revision: str | None = None
    """Revision of the hub id; enters the fingerprint."""

    content: str | None = None
    """Digest of the folders among its weights, filled in by a plan."""


class SpeechT5Config(PretrainedSpeechSchema):
    """SpeechT5 with HiFi-GAN; a voice is an x-vector in a folder of your own."""

    implementation = "audiomotion.speech.speecht5:SpeechT5Backend"
    name: Literal["speecht5"] = "speecht5"
    weights: str = "microsoft/speecht5_tts"
    vocoder: str = "microsoft/speecht5_hifigan"
    """Hub id or folder of the vocoder."""

    speakers: str
    """Folder of x-vectors: one `.npy` of 512 numbers for each voice, which is named after it."""


class VitsSpeechConfig(PretrainedSpeechSchema):
    """VITS, one of the MMS voices or a model of many speakers."""

    implementation = "audiomotion.speech.vits:VitsBackend"
    name: Literal["vits"] = "vits"
    weights: str = "facebook/mms-tts-eng"
    num_voices: int = Field(default=1, ge=1)
    """Speakers drawn from; the MMS voices have one, vits-vctk has 109."""

    speaking_rate: float = Field(default=1.0, gt=0.3, lt=3)
    """Factor on the model's own rate."""


class EndpointConfig(SpeechSchema):
    """Any server that answers `POST /audio/speech` as OpenAI's does."""

    implementation = "audiomotion.speech.endpoint:EndpointBackend"
    unheard = _CHOICE_OF_VOICE | {"voices"}
    name: Literal["endpoint"] = "endpoint"
    num_voices: int = Field(default=9, ge=1)
    """Voices drawn from, at random for each utterance."""

    base_url: str = "https://api.openai.com/v1"
    """Server, up to the version."""

    model: str = "tts-1"
    """Model, as the server calls it."""

    voices: tuple[str, ...] = Field(
        default=(
            "alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer",
        ),
        min_length=1, strict=False,
    )  # fmt: skip
    """Voices, as the server calls them."""

    speed: float = Field(default=1.0, ge=0.25, le=4)
    """Factor on the voice's own rate."""

    instructions: str = ""
    """How to speak, for models that take such a text; left out where empty."""

    api_key_env: str = Field(default="OPENAI_API_KEY", exclude=True)
    """Environment variable that holds the key; without one no key is sent."""

    api_key_file: str | None = Field(default=None, exclude=True)
    """File that holds the key, instead."""

    timeout_seconds: float = Field(default=60.0, gt=0, exclude=True)
    """Longest time from a request to its whole answer."""

    num_requests: int = Field(default=4, ge=1, exclude=True)
    """Requests under way at once."""

    num_retries: int = Field(default=5, ge=0, exclude=True)
    """Further tries after 429, 5xx, a broken connection or an answer that does not come."""

    backoff_seconds: float = Field(default=1.0, gt=0, exclude=True)
    """Pause before the first of them, doubled each time, unless the server says how long."""

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        url = urlsplit(value)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{value!r} is no http or https address")
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("give the address alone; a key belongs into api_key_env or a file")
        return value.rstrip("/")


class CommandSchema(SpeechSchema):
    """A program in an environment of its own, which audiomotion runs and never imports."""

    implementation = "audiomotion.speech.command:CommandBackend"
    unheard = _CHOICE_OF_VOICE | {"voices"}
    command: tuple[str, ...] = Field(min_length=1, strict=False)
    """Program and arguments, with `{text_file}`, `{voice}` and `{out}` (a WAV file) for one
    utterance, or with `{batch_file}` for many: a JSON line each, of text, voice and out."""

    voices: tuple[str, ...] = Field(min_length=1, strict=False)
    """Voices, as the program calls them."""

    version: str = "unspecified version"
    """What records call the program's version."""

    batch_size: int = Field(default=64, ge=1, exclude=True)
    """Utterances of one `{batch_file}`: a program that loads a model loads it once for these."""

    timeout_seconds: float = Field(default=600.0, gt=0, exclude=True)
    """Longest time for one utterance."""

    @model_validator(mode="after")
    def _has_places(self) -> "CommandSchema":
        text = " ".join(self.command)
        wanted = ("{text_file}", "{out}") if "{batch_file}" not in text else ()
        missing = [place for place in wanted if place not in text]
        if missing:
            raise ValueError(
                f"the command lacks {' and '.join(missing)}; it needs {{text_file}} and {{out}}, "
                "and {voice} where there are several, or else {batch_file}"
            )
        if not self.is_batched and "{voice}" not in text and self.num_voices > 1:
            raise ValueError(
                f"the command has no {{voice}}, so its {self.num_voices} voices would be one; "
                "add {voice}, or set num_voices to 1"
            )
        return self

    @property
    def is_batched(self) -> bool:
        """Whether one run of the command speaks many utterances."""
        return any("{batch_file}" in argument for argument in self.command)


class CommandConfig(CommandSchema):
    """Any program that speaks a text file into a WAV file."""

    name: Literal["command"] = "command"
    num_voices: int = Field(default=1, ge=1)
    """Voices drawn from, at random for each utterance."""

    voices: tuple[str, ...] = Field(default=("default",), min_length=1, strict=False)


class TortoiseConfig(CommandSchema):
    """Tortoise (paper 4), run by a command of yours in its own environment."""

    name: Literal["tortoise"] = "tortoise"
    num_voices: int = Field(default=20, ge=1)
    """Voices drawn from, at random for each utterance (paper 4: a random speaker)."""

    voices: tuple[str, ...] = Field(
        default=(
            "angie", "daniel", "deniro", "emma", "freeman", "geralt", "halle", "jlaw", "lj",
            "mol", "pat", "rainbow", "snakes", "tom", "weaver", "william", "train_atkins",
            "train_dotrice", "train_grace", "train_kennard", "train_lescault", "train_mouse",
        ),
        min_length=1, strict=False,
    )  # fmt: skip
    """Voices, as folders of Tortoise's own are called."""


SPEECH = Family(
    "audiomotion.speech",
    SpeechSchema,
    EspeakConfig,
    FliteConfig,
    SpeechT5Config,
    VitsSpeechConfig,
    EndpointConfig,
    CommandConfig,
    TortoiseConfig,
)

if TYPE_CHECKING:
    SpeechConfig = SpeechSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "SpeechConfig":
            return SPEECH.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
