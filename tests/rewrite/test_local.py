"""A causal language model on this machine: small, random, and with a real tokenizer."""

import json

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from audiomotion.config.rewriters import LocalConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.rewrite.base import Request
from audiomotion.rewrite.local import Local

TEMPLATE = (
    "{% for message in messages %}<s>{{ message.role }}:{{ message.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% endif %}"
)
CAPTIONS = ["a man walks", "a person waves the left hand twice, then bows", "jump", "a man sits"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("model")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(["<s>", "</s>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(place)
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=4096,
        bos_token_id=0, eos_token_id=1, initializer_range=0.2,
    )  # fmt: skip
    LlamaForCausalLM(config).eval().save_pretrained(place)
    return place


def said(folder, captions=CAPTIONS, take=0, **changes):
    config = LocalConfig(model=str(folder), **{"max_tokens": 12, **changes})
    found = Local(config).rewrite(Request(caption, take) for caption in captions)
    return {request.caption: answer for request, answer in found}


def texts(*args, **kwargs):
    return {caption: answer.text for caption, answer in said(*args, **kwargs).items()}


def test_a_text_depends_on_no_other(folder):
    together = texts(folder)
    assert len(set(together.values())) == 4 and all(together.values())
    assert texts(folder, CAPTIONS[::-1], batch_size=2) == together
    assert texts(folder, CAPTIONS[1:2]) == {CAPTIONS[1]: together[CAPTIONS[1]]}
    assert texts(folder, seed=1) != together
    assert texts(folder, take=1) != together


def test_the_likeliest_is_what_the_library_writes(folder):
    model = LlamaForCausalLM.from_pretrained(folder).eval()
    local = Local(LocalConfig(model=str(folder), temperature=0.0, max_tokens=12))
    ((_, answer),) = local.rewrite([Request(CAPTIONS[1])])
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    prompt = tokenizer.apply_chat_template(
        local._prompt.messages(Request(CAPTIONS[1])), tokenize=False, add_generation_prompt=True
    )
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        written = model.generate(ids, do_sample=False, max_new_tokens=12)[0, ids.shape[1] :]
    assert answer.text == tokenizer.decode(written, skip_special_tokens=True).strip()
    assert answer.tokens_in == ids.shape[1]


def test_random_state_is_left_alone(folder):
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    said(folder)
    assert torch.rand(1) == expected


def test_the_identity_has_what_decides(folder):
    def identity(**changes):
        return json.dumps(Local(LocalConfig(model=str(folder), **changes)).identity)

    assert identity(batch_size=3) == identity()
    assert identity(top_p=0.5) != identity() != identity(temperature=0.1)


def test_what_is_no_instruct_model_is_refused(folder, tmp_path):
    with pytest.raises(ModelError, match="neither a folder"):
        said(tmp_path)
    with pytest.raises(ConfigError, match="revision"):
        said(folder, revision="main")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.chat_template = None
    LlamaForCausalLM.from_pretrained(folder).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no chat template"):
        said(tmp_path)
