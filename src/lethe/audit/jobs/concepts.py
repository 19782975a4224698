"""What an audit asks for, with the model's own tokenizer and text encoder."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from lethe.audit.asked import read_concepts
from lethe.audit.concepts import LeftOut, choose, described, named
from lethe.audit.words import Asked, check_words
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.distinct import check_prompts, check_tokens
from lethe.diffusion.testbed.receivers import emitter_records, receiver_records
from lethe.diffusion.testbed.tokens import read_tokenizer
from lethe.io.tables import write_csv, write_json

log = logging.getLogger(__name__)
GIVEN, VOCABULARY = "given", "vocabulary"


def name_concepts(
    base: Path,
    receivers: Path,
    emitters: Path,
    concepts: Path,
    left_out: Path,
    prompt: str,
    overwrite: str,
    asked: Asked,
    vocabulary: list[Path],
) -> None:
    """Write receivers and emitters of an audit, and where each concept is from.

    Args:
        base: the model's folder.
        concepts: a table with a row per receiver. left_out: concepts of the vocabulary that cannot be asked for, with the reason.
        prompt: the template of prompts. overwrite: the concept that takes the place of what is forgotten; empty: the unconditional one.
        vocabulary: the file that neighbours are chosen from, if they are.

    Raises:
        SettingsError: a word that the model's tokenizer does not know.
    """
    reader = read_tokenizer(base / "tokenizer")
    check_words(reader, prompt, asked)
    pipe = load_pipeline(base)
    keep, dropped = asked.keep, list[LeftOut]()
    if keep is None:
        words = read_concepts(vocabulary[0])
        keep, dropped = choose(pipe, reader, words, asked.forget, prompt, asked.neighbours)
        log.info(
            "neighbours chosen from %d concepts, %d of which cannot be asked for: %s", len(words), len(dropped), ", ".join(keep)
        )
    told = named(asked.forget, keep, prompt, overwrite)
    check_prompts(*told)
    check_tokens(*told, reader)
    rows = described(pipe, asked.forget, keep, GIVEN if asked.keep is not None else VOCABULARY)
    table = pd.DataFrame([row._asdict() | {"prompt": one.prompt} for row, one in zip(rows, told[0], strict=True)])
    table.insert(0, "index", range(len(table)))
    write_json(receivers, receiver_records(told[0]))
    write_json(emitters, emitter_records(told[1]))
    write_csv(concepts, table)
    write_json(left_out, [row._asdict() for row in dropped])
