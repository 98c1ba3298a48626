"""Rewrites by a model behind an OpenAI-compatible chat endpoint."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from audiomotion.config.rewriters import OpenaiConfig
from audiomotion.errors import ModelError
from audiomotion.rewrite.base import Answer, Answers, Request, Rewriter
from audiomotion.rewrite.prompt import Prompt
from audiomotion.rewrite.secret import Secret, read_key
from audiomotion.seeds import derive_seed

logger = logging.getLogger(__name__)

_AGAIN: Final = frozenset((408, 409, 425, 429))
"""Status codes, besides 5xx, after which the same request may succeed."""

_NETWORK: Final = ("httpx", "httpcore", "httpx2", "httpcore2")
"""Packages that the client may reach its endpoint by."""

_FIRST_WAIT_SECONDS: Final = 0.5
_TYPICAL_SECONDS: Final = 1.0
_USUAL_ANSWER_WORDS: Final = 15
_MOST_SILENT: Final = 12
"""Requests in a row that stay without any answer before the endpoint counts as gone."""


class Endpoint(Rewriter):
    """Asks an endpoint, a bounded number of requests at a time.

    A request is sent again after 408, 409, 425, 429 (as late as `Retry-After` asks), 5xx, a timeout
    or a broken connection, each time later and by a random share of the wait.
    """

    typical_seconds = _TYPICAL_SECONDS

    def __init__(self, config: OpenaiConfig) -> None:
        self._config = config
        self._prompt = Prompt.load(config.prompt)
        self.at_once = config.at_once

    @property
    def identity(self) -> dict[str, object]:
        """Model, prompt and parameters; not the address, which may change, and never the key."""
        config = self._config
        return {
            "name": "openai",
            "model": config.model,
            "prompt_sha256": self._prompt.digest,
            "temperature": config.temperature,
            "max_tokens": config.max_tokens,
            "seed": config.seed,
        }

    def num_characters(self, request: Request) -> tuple[int, int]:
        """Return the characters of the prompt, and of a usual answer."""
        sent = sum(len(message["content"]) for message in self._prompt.messages(request))
        return sent, round(1.2 * len(request.caption)) + _USUAL_ANSWER_WORDS

    def rewrite(self, requests: Iterable[Request]) -> Answers:
        """Yield each request with its answer, as they come in.

        Ends at once when it is closed or interrupted: what is under way is called off.

        Raises:
            ConfigError: There is no key.
            ModelError: The client is not installed, the endpoint refuses the key or the model, or
                does not answer any more.
        """
        key = read_key(self._config)
        with asyncio.Runner() as runner:
            chat = runner.run(_opened(self._config, self._prompt, key))
            waiting = iter(requests)
            under_way: set[asyncio.Task[tuple[Request, Answer]]] = set()
            silent = 0
            try:
                while True:
                    free = self._config.at_once - len(under_way)
                    under_way |= {
                        runner.get_loop().create_task(chat.answer(request))
                        for request in islice(waiting, free)
                    }
                    if not under_way:
                        return
                    for request, answer in runner.run(_finished(under_way)):
                        silent = silent + 1 if chat.is_silent(answer) else 0
                        _stop_if_gone(silent, answer, self._config)
                        yield request, answer
            finally:
                runner.run(_called_off(under_way, chat))


async def _opened(config: OpenaiConfig, prompt: Prompt, key: Secret) -> "_Chat":
    return _Chat(config, prompt, key)


async def _finished(
    under_way: "set[asyncio.Task[tuple[Request, Answer]]]",
) -> list[tuple[Request, Answer]]:
    """Wait for the next answers, and take them out of `under_way`."""
    done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    under_way -= done
    return [task.result() for task in done]


async def _called_off(
    under_way: "set[asyncio.Task[tuple[Request, Answer]]]", chat: "_Chat"
) -> None:
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    await chat.close()


def _stop_if_gone(silent: int, answer: Answer, config: OpenaiConfig) -> None:
    if silent >= max(_MOST_SILENT, config.at_once):
        raise ModelError(
            f"{config.base_url} has left {silent} requests in a row without an answer "
            f"({answer.problem}); see whether it runs, then start the command again: what was "
            "answered is kept"
        )


class _Chat:
    """One client of the endpoint."""

    _SILENT: Final = "no answer: "

    def __init__(self, config: OpenaiConfig, prompt: Prompt, key: Secret) -> None:
        self._config = config
        self._prompt = prompt
        self._key = key
        self._openai = _client_library()
        # What the libraries say at debug level holds headers and captions.
        for name in ("openai", *_NETWORK):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._client = self._openai.AsyncOpenAI(
            api_key=key.value, base_url=config.base_url, max_retries=0, timeout=None
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    def is_silent(self, answer: Answer) -> bool:
        """Whether nothing at all came back."""
        return answer.problem.startswith(self._SILENT)

    async def answer(self, request: Request) -> tuple[Request, Answer]:
        """Return what the endpoint answers, after as many attempts as are allowed.

        Raises:
            ModelError: The endpoint refuses the request for good.
        """
        problem = ""
        for attempt in range(self._config.retries + 1):
            started = time.monotonic()
            try:
                async with asyncio.timeout(self._config.timeout_seconds):
                    body = await self._ask(request)
                return request, self._read(body, time.monotonic() - started)
            except TimeoutError:
                problem, wait = f"no word within {self._config.timeout_seconds:g} s", None
            except self._openai.APIStatusError as error:
                problem, wait = self._refusal(error)
            except Exception as error:
                # The client's network library raises classes of its own, by version.
                if not self._is_of_the_network(error):
                    raise
                problem, wait = self._broken(error), None
            if attempt < self._config.retries:
                await asyncio.sleep(self._wait_seconds(attempt, wait))
        times = self._config.retries + 1
        return request, Answer(problem=f"{self._SILENT}{problem}, {times} times")

    async def _ask(self, request: Request) -> str:
        config = self._config
        seed = derive_seed(config.seed, request.caption, request.take, request.attempt)
        response = await self._client.chat.completions.with_raw_response.create(
            model=config.model,
            messages=self._prompt.messages(request),
            temperature=config.temperature,
            max_tokens=config.max_tokens,
            seed=seed % 2**31,
        )
        return str(response.text)

    def _read(self, body: str, seconds: float) -> Answer:
        """Return the text in an answer; a server may send anything."""
        try:
            content = json.loads(body)
            choice = content["choices"][0]
            text = choice["message"]["content"]
        except (ValueError, LookupError, TypeError):
            shown = self._key.hidden_in(body)[:80]
            return Answer(problem=f"the endpoint answered {shown!r}, which is no completion")
        if not isinstance(text, str):
            return Answer(problem="the endpoint's answer has no text")
        usage = content.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        return Answer(
            self._key.hidden_in(text).strip(),
            tokens_in=_count(usage.get("prompt_tokens")),
            tokens_out=_count(usage.get("completion_tokens")),
            seconds=seconds,
        )

    def _refusal(self, error: Any) -> tuple[str, float | None]:
        """Return what was refused, and how long the endpoint asks to wait.

        Raises:
            ModelError: The same request would be refused again.
        """
        status = error.status_code
        said = self._key.hidden_in(" ".join(str(error.message).split()))[:300]
        is_spent = status == 429 and "insufficient_quota" in str(error.body)
        if is_spent or (status < 500 and status not in _AGAIN):
            # Not "from error": it may hold the key, and -v shows causes.
            raise ModelError(
                f"{self._config.base_url} refuses model {self._config.model!r} (status {status}): "
                f"{said}; correct the model, the address or the key"
            ) from None
        wait = _retry_after(error.response.headers)
        if wait is not None and wait > self._config.max_wait_seconds:
            raise ModelError(
                f"{self._config.base_url} asks to wait {wait:.0f} s (status {status}), longer than "
                f"max_wait_seconds {self._config.max_wait_seconds:g}; start the command again "
                "then: what was answered is kept"
            ) from None
        logger.info("status %d: %s", status, said)
        return f"status {status}", wait

    def _is_of_the_network(self, error: Exception) -> bool:
        package = type(error).__module__.partition(".")[0]
        return isinstance(error, self._openai.APIError | OSError) or package in _NETWORK

    def _broken(self, error: Exception) -> str:
        text = self._key.hidden_in(str(error.__cause__ or error)).strip().partition("\n")[0]
        return f"{type(error).__name__} ({text[:200]})"

    def _wait_seconds(self, attempt: int, asked: float | None) -> float:
        """Return a wait that doubles; random, so that many requests do not come back together."""
        longest = min(self._config.max_wait_seconds, _FIRST_WAIT_SECONDS * 2**attempt)
        if asked is not None:
            return asked + random.uniform(0, min(1.0, longest))
        return random.uniform(longest / 2, longest)


def _client_library() -> Any:
    try:
        import openai
    except ImportError as error:
        raise ModelError(
            "rewriter openai needs the package openai: pip install 'audiomotion[oral]'"
        ) from error
    return openai


def _retry_after(headers: Any) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or a date; None for nonsense."""
    asked = headers.get("retry-after", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(asked).timestamp() - time.time()
        except ValueError:
            return None
        seconds = max(0.0, seconds)
    return seconds if 0 <= seconds < float("inf") else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
