"""Entities that are one for the model are refused, and so is a guide that is an entity; names are what a reader can see."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from lethe.diffusion.pretraining.architectures import tokenizer_config
from lethe.diffusion.testbed.distinct import check_base, check_prompts, check_tokens
from lethe.diffusion.testbed.metadata import enrich, select
from lethe.diffusion.testbed.receivers import Emitter, Receiver, of_entities
from lethe.diffusion.testbed.schema import MetadataError, check_required, read_metadata
from lethe.diffusion.testbed.selection import read_published
from lethe.diffusion.testbed.spelling import MOST, composed, name_fault
from lethe.diffusion.testbed.tokens import PromptReader, prompt_reader, read_tokenizer
from lethe.io.tables import CorruptFileError, write_json
from lethe.settings.models import Settings
from lethe.settings.pretraining import TokenizerSettings

ROOT = Path(__file__).parents[3]
MINI = ROOT / "assets" / "mini" / "tokenizer.json"


def entities(*names: str, style: str, guide: str = "") -> tuple[list[Receiver], list[Emitter]]:
    return of_entities([{"name": name} for name in names], style, guide)


def mini(length: int = 12) -> PromptReader:
    return prompt_reader(MINI, tokenizer_config(TokenizerSettings(max_length=length)))


@pytest.mark.parametrize(
    "names",
    [
        ("red cat", "red_cat", "red  cat"),
        ("Red cat", "red CAT"),
        ("red_cat_", "red cat"),
        ("red\u00a0cat", "red\u3000cat"),
        ("M\u00fcller", "m\u00dcller"),
    ],
)
@pytest.mark.parametrize("style", ["person", "thing", "scene"])
def test_entities_with_one_prompt_are_refused_by_all_their_names(style: str, names: tuple[str, ...]) -> None:
    with pytest.raises(MetadataError) as raised:
        check_prompts(*entities("dog", *names, "bird", style=style))
    said = str(raised.value)
    assert all(f"'{name}'" in said for name in names)
    assert "have one prompt, 'An image of " in said
    assert "'dog'" not in said


def test_entities_that_differ_are_accepted() -> None:
    check_prompts(*entities("red cat", "redcat", "red-cat", "red cats", style="thing", guide="An image of a cat"))


def test_a_name_that_makes_no_prompt_is_refused_by_name() -> None:
    with pytest.raises(MetadataError, match="'a cat' already begins with an article"):
        check_prompts(*entities("a cat", style="thing"))


@pytest.mark.parametrize("guide", ["An image of a dog", "an image of  A_Dog", "a dog"])
def test_an_emitter_is_never_its_own_guide(guide: str) -> None:
    with pytest.raises(MetadataError, match="overwrite_prompt '.*' is the prompt of entity 'dog'"):
        check_prompts(*entities("cat", "dog", style="thing", guide=guide))


LONG = "one " * 80


@pytest.mark.parametrize(
    ("names", "reason", "reads"),
    [
        ((LONG + "cat", LONG + "dog"), "it reads 12 tokens of a prompt, begin and end included", "an image of a one one"),
        (("zebra", "giraffe"), "it does not know 'zebra' and 'giraffe'", "an image of a <|unknown|>'"),
        (("dog seven!", "dog seven?"), "it does not know '!' and '?'", "an image of a dog seven <|unknown|>'"),
    ],
)
def test_entities_that_are_equal_tokens_are_refused_and_the_reason_is_said(
    names: tuple[str, str], reason: str, reads: str
) -> None:
    chosen = entities("seven", *names, style="thing")
    check_prompts(*chosen)  # as text they differ
    with pytest.raises(MetadataError) as raised:
        check_tokens(*chosen, mini())
    said = str(raised.value)
    assert "are equal for the base's tokenizer" in said
    assert reason in said
    assert reads in said
    assert all(name[-3:] in said for name in names)  # the ends, in which they differ
    assert "'seven'" not in said


def test_a_guide_that_is_an_entity_by_its_tokens_is_refused() -> None:
    with pytest.raises(
        MetadataError, match=r"overwrite_prompt 'An image of a zebra' and entity 'giraffe' are equal .* not know 'zebra'"
    ):
        check_tokens(*entities("seven", "giraffe", style="thing", guide="An image of a zebra"), mini())


def test_marks_of_the_tokenizer_are_no_part_of_a_name() -> None:
    with pytest.raises(MetadataError, match=r"'seven <\|endoftext\|>' holds '<\|endoftext\|>', a mark"):
        check_tokens(*entities("eight", "seven <|endoftext|>", style="thing"), mini())


def test_a_part_that_the_base_does_not_see_is_said(caplog: pytest.LogCaptureFixture) -> None:
    check_tokens(*entities("seven", "eight " * 12 + "dog", "seven zebra", style="thing"), mini())
    assert "it does not see the end of 'eight eight" in caplog.text
    assert "the base does not know 'zebra', in the names of 'seven zebra'" in caplog.text
    caplog.clear()
    check_tokens(*entities("seven", "eight", style="thing"), mini())
    assert not caplog.text


END = {
    "__type": "AddedToken",
    "content": "<|endoftext|>",
    "lstrip": False,
    "rstrip": False,
    "normalized": True,
    "single_word": False,
}


def byte_pairs(folder: Path, as_file: bool) -> Path:
    """A folder ``tokenizer`` of CLIP's kind, one token a letter: as one file, or in the older form with vocabulary and merges."""
    letters = [chr(number) for number in range(33, 127)]
    vocabulary = {token: number for number, token in enumerate([*letters, *(f"{letter}</w>" for letter in letters)])}
    vocabulary |= {"<|startoftext|>": len(vocabulary), "<|endoftext|>": len(vocabulary) + 1}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 20, "bos_token": "<|startoftext|>"}
    write_json(folder / "tokenizer_config.json", config | {"eos_token": "<|endoftext|>", "unk_token": END})
    if as_file:
        tokenizer = Tokenizer(models.BPE(vocabulary, [], end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        ends = [(token, vocabulary[token]) for token in ("<|startoftext|>", "<|endoftext|>")]
        tokenizer.add_special_tokens([token for token, _ in ends])
        tokenizer.post_processor = processors.TemplateProcessing(single="<|startoftext|> $A <|endoftext|>", special_tokens=ends)
        tokenizer.enable_truncation(20)
        tokenizer.enable_padding(length=20)
        tokenizer.save(str(folder / "tokenizer.json"))
    else:
        (folder / "vocab.json").write_text(json.dumps(vocabulary))
        (folder / "merges.txt").write_text("#version: 0.2\n")
    return folder


@pytest.mark.parametrize("as_file", [True, False], ids=["one file", "vocabulary and merges"])
def test_a_pretrained_base_is_asked_by_its_own_tokenizer(tmp_path: Path, as_file: bool) -> None:
    folder = byte_pairs(tmp_path / "base" / "tokenizer", as_file)
    assert read_tokenizer(folder).read("An image").tokens[-2:] == ("g", "e</w>")
    check_base(*entities("cat", "dog", style="person"), tmp_path / "base")
    with pytest.raises(MetadataError, match="it reads 20 tokens"):  # ten of them are 'An image of'
        check_base(*entities("abcdefgh-cat", "abcdefgh-dog", style="person"), tmp_path / "base")


def test_a_damaged_tokenizer_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CorruptFileError, match=r"tokenizer\.json: not a tokenizer"):
        prompt_reader(tmp_path / "tokenizer.json", {"model_max_length": 12})
    with pytest.raises(CorruptFileError, match="has None as 'model_max_length'"):
        prompt_reader(MINI, {})


def test_every_published_and_shipped_entity_is_accepted() -> None:
    """The paper's names by text, the mini world's by their tokens too."""
    for name, style, guide in (("people", "person", "a child"), ("breeds", "thing", "a cat"), ("scenes", "scene", "the moon")):
        names = read_published(ROOT / f"config/reference/entities_{name}.csv")
        check_prompts(*entities(*names, style=style, guide=f"An image of {guide}"))
    from lethe.diffusion.sources import SOURCES

    for task in Settings().entity_tasks.values():
        records = enrich(SOURCES.load(task.source)().entities(), rules=task.rules)
        chosen = select(records, task.balance, task.entities, task.priority, rules=task.rules)
        told = of_entities(chosen, task.prompt_style, task.overwrite_prompt)
        check_prompts(*told)
        check_tokens(*told, mini())


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (7, "is 7 (int); allowed: text"),
        (True, "is True (bool)"),
        (["cat"], "is ['cat'] (list)"),
        ("", "is ''; allowed: text with at least one word"),
        ("\u3000 _", "at least one word"),
        (" cat", "no blank at the beginning or the end"),
        ("cat\u00a0", "no blank at the beginning or the end"),
        ("a\0b", r"is 'a\x00b': character 2 is U+0000, a control character"),
        ("a\tb", "U+0009, a control character"),
        ("a\nb", "U+000A, a control character"),
        ("a\u2028b", "U+2028, a line break"),
        ("cat\u202egod", r"is 'cat\u202egod': character 4 is U+202E, an invisible character"),
        ("cat\u200b", "U+200B, an invisible character"),
        ("\ufeffcat", "U+FEFF, an invisible character"),
        ("ca\u00adt", "U+00AD, an invisible character"),
        ("cat\ud800", "U+D800, half of a character"),
        ("caf\ufffd", "cannot decode"),
        ("\u3164", "drawn as nothing"),
        ("cat\ue000", "of private use"),
        ("cat\uffff", "no character"),
        ("x" * (MOST + 1), f"{MOST + 1} characters; allowed: at most {MOST}"),
        ("Mu\u0308ller", "accents apart"),
        ("emitter", "the key of the emitter in similarity_"),
    ],
)
def test_what_is_no_name(tmp_path: Path, name: Any, said: str) -> None:
    assert said in name_fault(name)
    records = [{"name": "dog", "dataset_n_original": 1}, {"name": name, "dataset_n_original": 1}]
    with pytest.raises(MetadataError, match="record 1: 'name' is "):
        check_required(records)
    if "accents" not in said:  # which `enrich` mends, see below
        with pytest.raises(MetadataError):
            enrich(records)


@pytest.mark.parametrize(
    "name",
    [
        "NA",
        "None",
        "null",
        "nan",
        "-",
        "#1",
        "a #1 dog",
        "A$AP and Ke$ha",
        "x_y^2",
        r"\frac{a}{b}",
        "50%",
        "Emitter",
        "receiver",
        "name",
    ]
    + [
        "猫",
        "ねこ",
        "고양이",
        "кошка",
        "قط",
        "חתול",
        "🐈",
        "1",
        "d'Artagnan",
        '"quoted"',
        "<b>",
        "O'Neil, Jr.",
        "❤\ufe0f",
        "=1+1",
    ],
)
def test_what_is_a_name(tmp_path: Path, name: str) -> None:
    assert not name_fault(name)
    records = enrich([{"name": name, "dataset_n_original": 1}])
    write_json(tmp_path / "entities.json", [records[0] | {"index": 0, "is_unlearned": True}])
    assert read_metadata(tmp_path / "entities.json")[0]["name"] == name
    (tmp_path / "list.csv").write_text("index,name\n0,{}\n".format('"' + name.replace('"', '""') + '"'), "utf-8")
    assert read_published(tmp_path / "list.csv") == [name]


def test_decomposed_names_are_composed_and_then_unique() -> None:
    apart = unicodedata.normalize("NFD", "Müller")
    assert apart != "Müller"
    records = [{"name": apart, "dataset_n_original": 1}]
    assert enrich(records, {apart: {"job": "x"}}) == [{"name": "Müller", "dataset_n_original": 1, "job": "x"}]
    with pytest.raises(MetadataError, match="'Müller' stands in several"):
        enrich([*records, {"name": "Müller", "dataset_n_original": 1}])


@pytest.mark.parametrize("column", ["index", "is_unlearned", "metric_uce_0_worst"])
def test_an_attribute_never_has_the_name_of_a_computed_column(column: str) -> None:
    with pytest.raises(MetadataError, match=f"attribute '{column}'"):
        enrich([{"name": "a", "dataset_n_original": 1, column: 3}])


def test_half_a_character_in_an_attribute_is_refused() -> None:
    with pytest.raises(MetadataError, match=r"'job' is 'x\\ud800'"):
        enrich([{"name": "a", "dataset_n_original": 1, "job": "x\ud800"}])


# --- published lists ----------------------------------------------------------------------------------------------


def test_a_published_list_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "entities_dogs.csv"
    path.write_bytes(
        b'\xef\xbb\xbf# from "there", 2024\n\nindex,name\r\n0,a #1 dog\r\n1,NA\r\n\r\n2,None\r\n3,"x, ""y"""\r\n4,Mu\xcc\x88ller\r\n'
    )
    assert read_published(path) == ["a #1 dog", "NA", "None", 'x, "y"', "Müller"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ": columns missing; expected index, name"),
        (b"# only a comment\n", ": columns missing"),
        (b"index,name\n", ": no row below the columns"),
        (b"index;name\n0;a\n", ": columns index;name; expected"),
        (b"# x\nindex,name\n0,a\n1,caf\xe9\n", ", line 4: byte 0xe9 is not UTF-8"),
        (b"index,name\n0,a,b\n", ", line 2: 3 values"),
        (b"index,name\n0\n", ", line 2: 1 values"),
        (b"index,name\n0,a\n\n2,b\n", ", line 4: index '2'.*so here it is 1"),
        (b"index,name\nx,a\n", ", line 2: index 'x'"),
        (b'index,name\n0,"a\n', ", line 2: unexpected end"),
        (b"index,name\n0,\n", ", line 2: the name is ''"),
        (b"index,name\n0, a\n", ", line 2: the name is ' a'; allowed: no blank"),
        (b"index,name\n0,emitter\n", ", line 2: the name is 'emitter', the key"),
        (b"index,name\n0,a\0b\n", r", line 2: the name is 'a\\x00b'"),
        ("index,name\n0,é\n1,e\u0301\n".encode(), ", line 3: 'é' stands in line 2 too"),
    ],
)
def test_a_broken_list_is_named_with_its_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "entities_dogs.csv"
    path.write_bytes(data)
    with pytest.raises(CorruptFileError, match=re.escape(str(path)) + said):
        read_published(path)


@given(st.text(max_size=8))
@example("a\ud800")
def test_a_name_is_accepted_or_refused_with_a_reason(name: str) -> None:
    fault = name_fault(name)
    if fault:
        assert "; allowed: " in fault
        fault.encode()  # no reason holds what cannot be written
    else:
        assert name == composed(name) == name.strip()
        assert name.isprintable() or not name.isascii()
