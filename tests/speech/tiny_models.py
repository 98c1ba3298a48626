"""Text-to-speech models of random weights, tiny, in the folders that `save_pretrained` writes."""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import (
    SpeechT5Config,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    VitsConfig,
    VitsModel,
    VitsTokenizer,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz'-"
NUM_MELS = 20
XVECTOR = 16


def save_vits(folder: Path, num_speakers: int = 3, phonemize: bool = False) -> Path:
    """Save a VITS of a few speakers that reads letters."""
    folder.mkdir(parents=True)
    vocabulary = {letter: index for index, letter in enumerate(f"_ {LETTERS}")}
    (folder / "vocab.json").write_text(json.dumps({**vocabulary, "<unk>": len(vocabulary)}))
    VitsTokenizer(folder / "vocab.json", pad_token="_", phonemize=phonemize).save_pretrained(folder)
    torch.manual_seed(0)
    VitsModel(
        VitsConfig(
            vocab_size=len(vocabulary) + 1, hidden_size=16, num_hidden_layers=1,
            num_attention_heads=2, ffn_dim=16, flow_size=16, spectrogram_bins=9,
            upsample_initial_channel=16, upsample_rates=[8, 8], upsample_kernel_sizes=[16, 16],
            resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]], num_speakers=num_speakers,
            speaker_embedding_size=8 if num_speakers > 1 else 0, prior_encoder_num_flows=1,
            prior_encoder_num_wavenet_layers=1, posterior_encoder_num_wavenet_layers=1,
            duration_predictor_num_flows=2, depth_separable_num_layers=1,
        )
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_speecht5(folder: Path) -> dict[str, str]:
    """Save a SpeechT5, its vocoder and three x-vectors; return what the configuration names."""
    model, vocoder, speakers = (folder / name for name in ("model", "vocoder", "speakers"))
    speakers.mkdir(parents=True)
    torch.manual_seed(0)
    speaking = SpeechT5ForTextToSpeech(
        SpeechT5Config(
            vocab_size=40, hidden_size=16, encoder_layers=1, encoder_attention_heads=2,
            encoder_ffn_dim=16, decoder_layers=1, decoder_ffn_dim=16, decoder_attention_heads=2,
            num_mel_bins=NUM_MELS, speaker_embedding_dim=XVECTOR, speech_decoder_prenet_units=16,
            speech_decoder_postnet_units=16, speech_decoder_postnet_layers=1,
            max_text_positions=200, max_speech_positions=900,
        )
    )  # fmt: skip
    with torch.no_grad():  # or it would stop at once
        speaking.speech_decoder_postnet.prob_out.bias.fill_(-5)
    speaking.save_pretrained(model)
    (model / "spm_char.model").write_bytes(sentence_pieces())
    sounding = SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            model_in_dim=NUM_MELS, upsample_initial_channel=16, upsample_rates=[8, 8],
            upsample_kernel_sizes=[16, 16], resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1]],
        )
    )  # fmt: skip
    for weight in sounding.parameters():  # or it would hardly be heard
        if weight.dim() == 3:
            torch.nn.init.kaiming_normal_(weight)
    sounding.save_pretrained(vocoder)
    for index in range(3):
        vector = np.random.default_rng(index).normal(size=XVECTOR).astype(np.float32)
        np.save(speakers / f"voice-{index}.npy", 3 * vector)
    return {"weights": str(model), "vocoder": str(vocoder), "speakers": str(speakers)}


def sentence_pieces() -> bytes:
    """Return a SentencePiece model of characters: a protocol buffer of pieces."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", *LETTERS, ",", ".", "?"]
    trainer = bytes([0x12, 2, 0x18, 40])
    return b"".join(_piece(text) for text in pieces) + trainer


def _piece(text: str) -> bytes:
    content = text.encode()
    score_and_kind = b"\x15" + np.float32(-1.5).tobytes() + b"\x18\x01"
    body = b"\x0a" + bytes([len(content)]) + content + score_and_kind
    return b"\x0a" + bytes([len(body)]) + body
