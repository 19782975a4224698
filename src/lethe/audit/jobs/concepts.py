"""What an audit asks for, with the model's own tokenizer and text encoder."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from lethe.audit.asked import Asked, read_concepts
from lethe.audit.concepts import FORGOTTEN, KEPT, WATCHED, LeftOut, choose, described, named
from lethe.audit.words import check_words
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
    told: Path,
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
        told: the receivers that methods are told of. concepts: a table with a row per receiver.
        left_out: concepts of the vocabulary that cannot be asked for, with the reason.
        prompt: the template of prompts. overwrite: what takes the place of what is forgotten; empty: the unconditional concept.
        vocabulary: the file that neighbours are chosen from, if they are.

    Raises:
        SettingsError: a word that the model's tokenizer does not know.
    """
    reader = read_tokenizer(base / "tokenizer")
    check_words(reader, prompt, asked.lists)
    pipe = load_pipeline(base)
    keep, watch, dropped = asked.keep, asked.watch, list[LeftOut]()
    if keep is None:
        words = read_concepts(vocabulary[0])
        chosen, dropped = choose(pipe, reader, words, asked.forget, prompt, asked.neighbours)
        log.info("chosen from %d concepts, %d of which cannot be asked for: %s", len(words), len(dropped), ", ".join(chosen))
        keep, watch = chosen[1::2] or chosen, chosen[::2] if len(chosen) > 1 else []  # the nearest is watched
    roles = dict.fromkeys(asked.forget, FORGOTTEN) | dict.fromkeys(keep, KEPT) | dict.fromkeys(watch, WATCHED)
    all_told = named(roles, prompt, overwrite)
    check_prompts(*all_told)
    check_tokens(*all_told, reader)
    rows = described(pipe, roles, GIVEN if asked.keep is not None else VOCABULARY)
    table = pd.DataFrame([row._asdict() | {"prompt": one.prompt} for row, one in zip(rows, all_told[0], strict=True)])
    table.insert(0, "index", range(len(table)))
    write_json(receivers, receiver_records(all_told[0]))
    write_json(told, receiver_records([one for one in all_told[0] if roles[one.name] != WATCHED]))
    write_json(emitters, emitter_records(all_told[1]))
    write_csv(concepts, table)
    write_json(left_out, [row._asdict() for row in dropped])
