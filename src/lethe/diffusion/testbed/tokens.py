"""What a base reads of a prompt: its tokens up to the length of its tokenizer. Imports neither torch nor transformers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from lethe.io.tables import CorruptFileError, read_json, readable


@dataclass(frozen=True)
class Reading:
    """A prompt as the base sees it.

    Attributes:
        ids: token ids that are read, without begin, end and padding.
        tokens: the same as text.
        cut: whether the prompt is longer than what is read.
        unknown: words among them that the tokenizer does not know.
        marks: its parts that are marks of the tokenizer, e.g. the end of a prompt.
    """

    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    cut: bool
    unknown: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class PromptReader:
    """The tokenizer of a base.

    Attributes:
        tokenizer: as loaded from a ``tokenizer.json``.
        limit: tokens of a prompt, begin and end included.
        unknown: the token of unknown words.
    """

    tokenizer: Tokenizer
    limit: int
    unknown: str

    def read(self, text: str) -> Reading:
        """What of ``text`` reaches the text encoder."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        room = self.limit - self.tokenizer.num_special_tokens_to_add(False)
        words = [text[begin:end] for begin, end in encoding.offsets]
        special = {number for number, token in self.tokenizer.get_added_tokens_decoder().items() if token.special}
        # The unknown token stands for a word, or, where it is also the end of a prompt (CLIP), for itself
        lost = [token == self.unknown != word.lower() for token, word in zip(encoding.tokens, words, strict=True)]
        return Reading(
            ids=tuple(encoding.ids[:room]),
            tokens=tuple(encoding.tokens[:room]),
            cut=len(encoding.ids) > room,
            unknown=tuple(word for word, missing in zip(words[:room], lost[:room], strict=True) if missing),
            marks=tuple(
                w for w, number, missing in zip(words, encoding.ids, lost, strict=True) if number in special and not missing
            ),
        )


def prompt_reader(file: str | Path, config: Mapping[str, Any]) -> PromptReader:
    """The reader of a ``tokenizer.json``.

    Args:
        file: the tokenizer.
        config: of transformers' ``tokenizer_config.json``: ``model_max_length`` and, where there is one, ``unk_token``.

    Raises:
        CorruptFileError: a file that is no tokenizer, or a length that leaves no room for a word.
    """
    with readable(file, "a tokenizer"):
        tokenizer = Tokenizer.from_file(str(file))
    return _reader(tokenizer, config, file)


def read_tokenizer(folder: str | Path) -> PromptReader:
    """The reader of a pipeline's folder ``tokenizer``; errors as ``prompt_reader``, ``FileNotFoundError`` without configuration.

    A folder of the older form (``vocab.json`` and ``merges.txt``, as Stable Diffusion v1.4 has it) is read by transformers.
    """
    folder = Path(folder)
    config = read_json(folder / "tokenizer_config.json")
    if not isinstance(config, dict):
        raise CorruptFileError(f"{folder / 'tokenizer_config.json'}: holds no mapping of settings")
    if (folder / "tokenizer.json").is_file():
        return prompt_reader(folder / "tokenizer.json", config)

    from transformers import AutoTokenizer

    with readable(folder, "a tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True).backend_tokenizer
    return _reader(tokenizer, config, folder)


def _reader(tokenizer: Tokenizer, config: Mapping[str, Any], where: str | Path) -> PromptReader:
    limit, unknown = config.get("model_max_length"), config.get("unk_token")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 3:
        raise CorruptFileError(
            f"{where}: its configuration has {limit!r} as 'model_max_length'; allowed: a number of tokens from 3"
        )
    tokenizer.no_truncation()  # a file may hold either, and both would hide what is cut
    tokenizer.no_padding()
    return PromptReader(tokenizer, int(limit), str(unknown["content"] if isinstance(unknown, dict) else unknown or ""))
