"""Rewrites by an instruct model of the transformers library, on this machine."""

import time
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from audiomotion.config.rewriters import LocalConfig
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.errors import ConfigError, ModelError
from audiomotion.extract.inference import frozen
from audiomotion.pretrained.hub import first_line
from audiomotion.pretrained.loading import UNREADABLE, quietly
from audiomotion.rewrite.base import Answer, Answers, Request, Rewriter
from audiomotion.rewrite.prompt import Message, Prompt
from audiomotion.seeds import derive_seed

_TYPICAL_SECONDS: Final = 2.0
_USUAL_ANSWER_WORDS: Final = 15


class Local(Rewriter):
    """Samples from a causal language model by its chat template.

    Every caption draws from a generator of its own, so that its text depends neither on the batch
    it is in nor on what was asked before. The model is loaded with the first request.
    """

    typical_seconds = _TYPICAL_SECONDS

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._prompt = Prompt.load(config.prompt)
        self._folder = Path(config.model).expanduser()
        if self._folder.is_dir() and config.revision is not None:
            raise ConfigError(
                f"revision: {config.revision!r} is for hub ids, but {config.model} is a folder; "
                "remove the revision"
            )
        self.at_once = config.batch_size

    @cached_property
    def identity(self) -> dict[str, object]:
        """Model (a folder by its content), prompt, parameters, and the precision on the device."""
        config = self._config
        return {
            "name": "local",
            "model": self._content or config.model,
            "precision": _precision(config.device),
            "revision": config.revision,
            "prompt_sha256": self._prompt.digest,
            "temperature": config.temperature,
            "top_p": config.top_p,
            "max_tokens": config.max_tokens,
            "seed": config.seed,
        }

    @property
    def _content(self) -> str | None:
        """Digest of a folder's files: another model in it has other rewrites."""
        if not self._folder.is_dir():
            return None
        return fingerprint_folder(self._folder, files=("*.safetensors", "*.bin", "*.json", "*.txt"))

    def num_characters(self, request: Request) -> tuple[int, int]:
        """Return the characters of the prompt, and of a usual answer."""
        sent = sum(len(message["content"]) for message in self._prompt.messages(request))
        return sent, round(1.2 * len(request.caption)) + _USUAL_ANSWER_WORDS

    def rewrite(self, requests: Iterable[Request]) -> Answers:
        """Yield each request with its answer, batch by batch.

        Raises:
            ModelError: The model cannot be loaded, or has no chat template.
        """
        model, tokenizer = self._loaded
        waiting = iter(requests)
        while batch := list(islice(waiting, self._config.batch_size)):
            started = time.monotonic()
            prompts = [_ids(tokenizer, self._prompt.messages(request)) for request in batch]
            seeds = [
                derive_seed(self._config.seed, request.caption, request.take, request.attempt)
                for request in batch
            ]
            written = _sample(model, tokenizer, prompts, seeds, self._config)
            seconds = time.monotonic() - started
            for request, prompt, ids in zip(batch, prompts, written, strict=True):
                text = tokenizer.decode(ids, skip_special_tokens=True).strip()
                problem = "" if text else "the model answered nothing"
                yield request, Answer(text, problem, len(prompt), len(ids), seconds)

    @property
    def _loaded(self) -> tuple[Any, Any]:
        if not hasattr(self, "_pair"):
            self._pair = _load(self._config)
        return self._pair


def _load(config: LocalConfig) -> tuple[Any, Any]:
    try:
        with quietly():
            tokenizer = AutoTokenizer.from_pretrained(config.model, revision=config.revision)
            model = AutoModelForCausalLM.from_pretrained(
                config.model, revision=config.revision, dtype="auto"
            )
    except UNREADABLE as error:
        raise ModelError(
            f"rewriter local: {config.model!r} is neither a folder with a causal language model "
            f"and its tokenizer nor a hub id that can be fetched ({first_line(error)}); give one "
            "of the two with --model"
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"rewriter local: {config.model!r} has no chat template, so it is no instruct model; "
            "take one that is"
        )
    return frozen(model, config.device, _precision(config.device)), tokenizer


def _ids(tokenizer: Any, messages: list[Message]) -> list[int]:
    # Templates without a switch for thinking ignore it.
    text = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
    )
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


@torch.inference_mode()
def _sample(
    model: Any, tokenizer: Any, prompts: list[list[int]], seeds: list[int], config: LocalConfig
) -> list[list[int]]:
    """Return the token ids that the model writes behind each prompt, up to its end token.

    Prompts are padded on the left, with positions counted from their first token; B prompts of at
    most L tokens, V tokens in the vocabulary.
    """
    longest = max(map(len, prompts))
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    rows = [[pad] * (longest - len(ids)) + ids for ids in prompts]
    valid = [[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts]
    ids = torch.tensor(rows, device=config.device)
    mask = torch.tensor(valid, device=config.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    ends, cache = _end_ids(model, tokenizer), None
    written: list[list[int]] = [[] for _ in prompts]
    open_rows = set(range(len(prompts)))
    for _ in range(config.max_tokens):
        output = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        cache = output.past_key_values
        chosen = _draw(output.logits[:, -1].float().cpu(), generators, config)
        for row in sorted(open_rows):
            if chosen[row] in ends:
                open_rows.discard(row)
            else:
                written[row].append(chosen[row])
        if not open_rows:
            break
        ids = torch.tensor(chosen, device=config.device)[:, None]
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return written


def _draw(
    logits: torch.Tensor, generators: list[torch.Generator], config: LocalConfig
) -> list[int]:
    """Draw a token for each row of `(B, V)`, within the likeliest that make up `top_p`."""
    if config.temperature == 0:
        return [int(index) for index in logits.argmax(dim=-1)]
    probs, order = (logits / config.temperature).softmax(dim=-1).sort(dim=-1, descending=True)
    # The likeliest always stays: what lies before it is nothing.
    probs = probs.masked_fill(probs.cumsum(dim=-1) - probs >= config.top_p, 0.0)
    drawn = [
        int(torch.multinomial(row, 1, generator=generator))
        for row, generator in zip(probs, generators, strict=True)
    ]
    return [int(order[row, place]) for row, place in enumerate(drawn)]


def _end_ids(model: Any, tokenizer: Any) -> set[int]:
    ends = getattr(model.generation_config, "eos_token_id", None)
    listed = ends if isinstance(ends, list) else [ends]
    return {end for end in (*listed, tokenizer.eos_token_id) if end is not None}


def _precision(device: str) -> Literal["float32", "bfloat16"]:
    return "float32" if device == "cpu" else "bfloat16"
