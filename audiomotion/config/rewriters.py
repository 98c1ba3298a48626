"""What turns written captions into spoken instructions (paper 4.2)."""

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from audiomotion.config.schema import Family, PartSchema


class RewriterSchema(PartSchema):
    """What all rewriters share."""

    seed: int = Field(default=0, ge=0)
    """Decides how each caption is said, as far as the rewriter can be seeded."""


class GrammarConfig(RewriterSchema):
    """Rules that turn a caption into a request: no model, no network."""

    implementation = "audiomotion.rewrite.grammar:Grammar"
    name: Literal["grammar"] = "grammar"


class PromptedSchema(RewriterSchema):
    """A language model that is asked by a prompt."""

    prompt: str | None = None
    """File with a prompt of your own; by default the one that comes with audiomotion."""

    temperature: float = Field(default=0.8, ge=0.0, le=2.0)
    """Of the sampling; 0 always takes the likeliest word."""

    max_tokens: int = Field(default=120, ge=8)
    """Longest answer."""


class OpenaiConfig(PromptedSchema):
    """A model behind an OpenAI-compatible chat endpoint."""

    implementation = "audiomotion.rewrite.endpoint:Endpoint"
    name: Literal["openai"] = "openai"
    model: str = Field(min_length=1)
    """The model's name at the endpoint (the paper: ChatGPT 3.5, `gpt-3.5-turbo`)."""

    base_url: str = "https://api.openai.com/v1"
    """Address of the endpoint, up to and without `/chat/completions`."""

    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key."""

    key_file: str | None = None
    """File that holds the key, and nothing else; goes before the variable."""

    at_once: int = Field(default=8, ge=1, le=256)
    """Most requests under way at a time."""

    timeout_seconds: float = Field(default=60.0, gt=0)
    """Longest time for one answer, from its request to its last byte."""

    retries: int = Field(default=6, ge=0)
    """How often a request is sent again after 408, 429, 5xx, a timeout or a broken connection."""

    max_wait_seconds: float = Field(default=120.0, gt=0)
    """Longest wait before a request is sent again; a `Retry-After` beyond it ends the command."""

    @field_validator("base_url")
    @classmethod
    def _is_plain_address(cls, value: str) -> str:
        url = urlsplit(value)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError("no address of an endpoint, such as http://localhost:8000/v1")
        # Not shown: what stands there may be the key.
        if url.username or url.password or url.query or url.fragment:
            raise ValueError(
                "an address with a user, a password or a query; the key belongs into a file "
                "(key_file) or a variable (key_variable)"
            )
        return value.rstrip("/")


class LocalConfig(PromptedSchema):
    """An instruct model of the transformers library, on this machine."""

    implementation = "audiomotion.rewrite.local:Local"
    name: Literal["local"] = "local"
    model: str = Field(min_length=1)
    """Folder or hub id of the model, with its tokenizer and chat template."""

    revision: str | None = None
    """Revision of the hub id."""

    top_p: float = Field(default=0.95, gt=0.0, le=1.0)
    """Words outside the likeliest that make up this probability are never drawn."""

    batch_size: int = Field(default=16, ge=1)
    """Captions that are rewritten side by side."""

    device: str = "cpu"
    """Where the model computes."""


REWRITERS = Family(
    "audiomotion.rewriters", RewriterSchema, GrammarConfig, OpenaiConfig, LocalConfig
)

if TYPE_CHECKING:
    RewriterConfig = RewriterSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "RewriterConfig":
            return REWRITERS.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
