"""The shared word-level tokenizer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from lethe.diffusion.pretraining.architectures import BEGIN, END, UNKNOWN, tokenizer_config
from lethe.settings.pretraining import TokenizerSettings


def build_tokenizer(captions: Iterable[str], settings: TokenizerSettings) -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary is the lower-case words of ``captions``.

    As in CLIP, padding is the end token and the end token has the largest id, on which open_clip's pooling rests.
    """
    words = sorted({word for caption in captions for word in re.findall(r"\w+|[^\w\s]+", caption.lower())})
    vocabulary = {token: index for index, token in enumerate([UNKNOWN, *words, BEGIN, END])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, vocabulary[BEGIN]), (END, vocabulary[END])]
    )
    return _wrap(tokenizer, settings)


def load_tokenizer(path: Path, settings: TokenizerSettings) -> PreTrainedTokenizerFast:
    """Read a ``tokenizer.json``."""
    return _wrap(Tokenizer.from_file(str(path)), settings)


def tokenizer_json(tokenizer: PreTrainedTokenizerFast) -> str:
    """The text of its ``tokenizer.json``."""
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_padding()  # set by the last call, not part of the vocabulary
    backend.no_truncation()
    return backend.to_str(pretty=True) + "\n"


def tokenize(tokenizer: PreTrainedTokenizerBase, captions: list[str]) -> torch.Tensor:
    """``(N, max_length)`` int64 token ids."""
    encoded = tokenizer(
        captions, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    return encoded.input_ids


def _wrap(tokenizer: Tokenizer, settings: TokenizerSettings) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokenizer_config(settings))
