"""The contract of every rewriter: captions in, spoken instructions out."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from audiomotion.config.rewriters import RewriterSchema
from audiomotion.config.schema import load_implementation
from audiomotion.errors import ModelError


@dataclass(frozen=True)
class Request:
    """A caption that is to be said in another way."""

    caption: str

    take: int = 0
    """Which of its rewrites, from 0."""

    others: tuple[str, ...] = ()
    """Earlier takes, which the new one must differ from."""

    attempt: int = 0
    """How often this take was refused before."""

    refused: str = ""
    """The last answer to it, which was refused; empty where there was none."""

    reason: str = ""
    """What was wrong with that answer, as a clause: "lost the side: left"."""


@dataclass(frozen=True)
class Answer:
    """What became of a request."""

    text: str = ""
    problem: str = ""
    """Why there is no text; empty where there is one."""

    tokens_in: int = 0
    tokens_out: int = 0
    """Tokens as the model's owner counts them, 0 where it does not."""

    seconds: float = 0.0
    """Time that the request took, without waits between attempts."""


Answers = Generator[tuple[Request, Answer], None, None]
"""Requests with their answers; closing it calls off what is under way."""


class Rewriter(ABC):
    """Says captions as people say them.

    Its texts are checked by whoever asks (`audiomotion.rewrite.checks`), and asked for again.
    """

    is_cached: bool = True
    """Whether an answer costs enough to be kept."""

    attempts: int = 4
    """How often a rewrite is asked for whose checks fail."""

    at_once: int = 1
    """Requests that share their time."""

    typical_seconds: float = 0.0
    """A guess of one request's time, for estimates before anything was measured."""

    @property
    @abstractmethod
    def identity(self) -> dict[str, object]:
        """All that decides the texts: name, model, prompt, parameters. Never a key."""

    @abstractmethod
    def rewrite(self, requests: Iterable[Request]) -> Answers:
        """Yield each request with its answer, in any order; requests are read as they are needed.

        Raises:
            ModelError: No request can be answered.
        """

    def num_characters(self, request: Request) -> tuple[int, int]:
        """Return the characters sent for a request and of a usual answer; none without a model."""
        del request
        return 0, 0


def build_rewriter(config: RewriterSchema) -> Rewriter:
    """Build the rewriter that `config` names; nothing is loaded and no key is read yet.

    Raises:
        ConfigError: Its prompt cannot be read.
        ModelError: The class is no rewriter.
    """
    rewriter = load_implementation(config)(config)
    if not isinstance(rewriter, Rewriter):
        raise ModelError(
            f"rewriter {config.name!r}: {config.implementation} is no Rewriter; "
            "derive it from audiomotion.rewrite.base.Rewriter"
        )
    return rewriter
