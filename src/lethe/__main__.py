"""The command ``lethe`` (also ``python -m lethe``)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lethe.audit import command
from lethe.core.registry import UnknownNameError
from lethe.io.tables import CorruptFileError
from lethe.tools.convert import convert
from lethe.tools.new import KINDS, NewError, create
from lethe.tools.verify import roots, text, verify

DECIDES_NO_RESULT = "answers the shell"


def main(arguments: list[str] | None = None) -> int:
    """Run a command of the shell; returns its exit status: 0, 1 if something is wrong, 2 if it cannot be asked so."""
    parser = argparse.ArgumentParser(
        prog="lethe", description="What does a vision model lose besides the thing it was told to forget?"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser(
        "verify",
        help="hold finished files against the hashes that their jobs wrote",
        description="Read every finished file and compare it with the hash that its job wrote. Names what is damaged and how to make it again.",
    )
    verifying.add_argument("world", nargs="*", help="name of a world, e.g. mini; without one: all worlds, and the downloads")
    asking = commands.add_parser(
        "why",
        help="say why a product would be made again",
        description="Compare what `snakemake` would run with the records of the jobs that made what is there: which module, parameter or "
        "file changed. Status 0: up to date; 1: something would be made; 2: there is no such plan.",
    )
    asking.add_argument(
        "target", nargs="+", help="a file, such as results/mini/latents/objects.safetensors, or a rule, such as demo"
    )
    asking.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    asking.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="single values, as for snakemake")
    making = commands.add_parser(
        "new",
        help="write the files of a new method, metric, source, task or figure",
        description="Write a skeleton that runs as it is, and the line that makes it known. Nothing is overwritten. docs/add-a-*.md say "
        "what to fill in.",
    )
    making.add_argument("kind", help=f"what: {', '.join(KINDS)}")
    making.add_argument("name", help="its name, e.g. erase_direction")
    converting = commands.add_parser(
        "convert",
        help="write a CompVis file as a pipeline folder, or the other way round",
        description="Stable Diffusion v1 in the code structure that another tool reads, tensor for tensor (docs/bases.md). A target that "
        "ends in .safetensors or .ckpt is a CompVis file, any other a pipeline folder of diffusers.",
    )
    converting.add_argument("source", help="a pipeline folder, such as results/mini/base/canvas, or a CompVis file")
    converting.add_argument("target", help="what is written")
    converting.add_argument(
        "--config", default="", metavar="FOLDER", help="of a file: a pipeline folder with its configurations and tokenizer"
    )
    converting.add_argument("--averaged", action="store_true", help="of a file: take the averaged weights of the UNet")
    converting.add_argument(
        "--delta", default="", metavar="FILE", help="of a folder: the delta.safetensors of an unlearned model on it"
    )
    converting.add_argument("--half", action="store_true", help="of a folder: weights in float16")
    estimating = commands.add_parser(
        "estimate",
        help="GPU hours and disk of a world, with the arithmetic",
        description="Count models, pictures and passes of the UNet of a configuration of Stable Diffusion's size. Nothing is run or read but it.",
    )
    estimating.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    estimating.add_argument("--tflops", type=float, default=None, metavar="N", help="what a GPU does, sustained, 16 bits")
    results = commands.add_parser(
        "canvas-results",
        help="UA, IRA and CRA of published result files of UnlearnCanvas",
        description="Read interferences_caused_by_*.json of a folder, as Vision Unlearning publishes them, and print a CSV with a row for each.",
    )
    results.add_argument("folder", help="where the files are")
    scoring = commands.add_parser(
        "score",
        help="compare two folders of pictures",
        description="Score the pictures of ON against those of the same name in OFF, with every metric whose model is given, and write a table "
        "with a row for each pair (docs/external-models.md).",
    )
    scoring.add_argument("on", help="pictures of an unlearned model")
    scoring.add_argument("--off", required=True, metavar="FOLDER", help="pictures of the base, called the same")
    scoring.add_argument("--table", default="scores.csv", metavar="FILE", help="what is written: .csv or .parquet")
    scoring.add_argument("--clip", default="", metavar="FOLDER", help="an open_clip folder, such as results/mini/evaluators/clip")
    scoring.add_argument(
        "--prompts", default="", metavar="FILE", help="for CLIP: {file: prompt} in JSON, or CSV with file and prompt"
    )
    scoring.add_argument(
        "--backbone", default="", metavar="FOLDER", help="a timm folder, such as results/mini/evaluators/backbone"
    )
    scoring.add_argument("--lpips", default="", metavar="FOLDER", help="the weights of LPIPS, as scoring.lpips_alex")
    auditing = commands.add_parser(
        "audit",
        help="one page: what a model loses beside a concept that it forgets",
        description="Unlearn concepts of a model and write what else changed, before and after, to results/audit/index.html (docs/audit.md). "
        "Runs Snakemake in the folder of the checkout.",
    )
    command.add_arguments(auditing)
    counting = commands.add_parser(
        "census",
        help="what a corpus in the layout of Vision Unlearning has, lacks and has in another form",
        description="One listing, per task and method (docs/published-corpus.md). Of a data set at the Hugging Face Hub the listing is kept, and "
        "a world reads it. Status 0: nothing is invalid; 1: something is; 2: there is no such corpus.",
    )
    counting.add_argument("place", help="a folder, or owner/name of a data set")
    counting.add_argument("--read", action="store_true", help="of a folder: open every file, too")
    counting.add_argument("--revision", default="main", help="of a data set: commit or tag")
    counting.add_argument("--endpoint", default="https://huggingface.co", help="of a data set: address of the hub")
    asked = parser.parse_args(arguments)
    if asked.command == "audit":
        return command.run(asked)
    if asked.command == "score":
        return score(asked)
    if asked.command == "census":
        return count(asked.place, asked.read, asked.revision, asked.endpoint)
    if asked.command == "estimate":
        return tell_cost(asked.configfile, asked.tflops)
    if asked.command == "canvas-results":
        return canvas_results(asked.folder)
    if asked.command == "convert":
        return turn(asked.source, asked.target, asked.config, asked.delta, asked.half, asked.averaged)
    if asked.command == "new":
        return make(asked.kind, asked.name)
    return explain(asked.target, asked.configfile, asked.config) if asked.command == "why" else hold(asked.world)


def explain(targets: list[str], configfiles: list[str], config: list[str]) -> int:
    """``lethe why``."""
    from snakemake.exceptions import RuleException, WorkflowError  # with Snakemake, which ``lethe verify`` does not need

    from lethe.workflow import why

    try:
        found = why.why(targets, configfiles, config)
    except (RuleException, WorkflowError) as error:
        print(f"lethe why: {error}", file=sys.stderr)
        return 2
    print(why.text(targets, found))
    return 1 if found else 0


def turn(source: str, target: str, config: str, delta: str, half: bool, averaged: bool) -> int:
    """``lethe convert``."""
    try:
        print(convert(source, target, config, delta, half, averaged))
    except (OSError, ValueError, RuntimeError) as error:
        print(f"lethe convert: {error}", file=sys.stderr)
        return 2
    return 0


def make(kind: str, name: str) -> int:
    """``lethe new``, in the folder of the checkout."""
    try:
        print("\n".join(create(kind, name, Path())))
    except NewError as error:
        print(f"lethe new: {error}", file=sys.stderr)
        return 2
    return 0


def tell_cost(configfiles: list[str], tflops: float | None) -> int:
    """``lethe estimate``."""
    from lethe.settings.errors import SettingsError
    from lethe.workflow import estimate

    sustained = estimate.SUSTAINED if tflops is None else tflops
    if not 0 < sustained < float("inf"):
        print(f"lethe estimate: --tflops is {sustained:g}; allowed: a number above 0", file=sys.stderr)
        return 2
    try:
        lines = estimate.estimate_of(configfiles, sustained)
    except SettingsError as error:
        print(f"lethe estimate: {error}", file=sys.stderr)
        return 2
    print(estimate.text(lines, sustained))
    return 0


def count(place: str, read: bool, revision: str, endpoint: str) -> int:
    """``lethe census``."""
    from lethe.archive.corpus import census
    from lethe.archive.errors import ArchiveError

    try:
        cells = census.of_place(place, read, revision, endpoint)
    except (ArchiveError, CorruptFileError, OSError, ValueError) as error:
        print(f"lethe census: {error}", file=sys.stderr)
        return 2
    print(census.text(cells))
    return 1 if any(cell.invalid for cell in cells) else 0


def canvas_results(folder: str) -> int:
    """``lethe canvas-results``."""
    from lethe.benchmarks.unlearncanvas.result_files import read_folder
    from lethe.settings.unlearncanvas_classes import OBJECTS, SEED_IMAGES, THEMES

    try:
        found = read_folder(folder, THEMES, OBJECTS, SEED_IMAGES)
    except CorruptFileError as error:
        print(f"lethe canvas-results: {error}", file=sys.stderr)
        return 2
    print(found.to_csv(index=False, float_format="%.6g"), end="")
    return 0


def score(asked: argparse.Namespace) -> int:
    """``lethe score``."""
    from lethe.io.tables import write_csv, write_parquet
    from lethe.tools.score import Models, compare, read_prompts, text

    table = Path(asked.table)
    try:
        if table.suffix not in (".csv", ".parquet"):
            raise ValueError(f"--table: '{table}' ends in '{table.suffix}'; allowed: .csv, .parquet")
        if bool(asked.clip) != bool(asked.prompts):
            raise ValueError("--clip and --prompts go together: CLIP compares a picture with its prompt")
        prompts = read_prompts(Path(asked.prompts)) if asked.prompts else None
        found = compare(Path(asked.on), Path(asked.off), Models(asked.clip, prompts, asked.backbone, asked.lpips))
        (write_csv if table.suffix == ".csv" else write_parquet)(table, found.table)
    except (OSError, ValueError) as error:
        print(f"lethe score: {error}", file=sys.stderr)
        return 2
    print(f"{text(found)}\ntable: {table}")
    return 0


def hold(worlds: list[str]) -> int:
    """``lethe verify``."""
    try:
        verdicts = [verify(root) for root in roots(worlds)]
    except UnknownNameError as error:
        print(f"lethe verify: {error}", file=sys.stderr)
        return 2
    print("\n".join(text(verdict) for verdict in verdicts) or "nothing is finished yet: there is no folder results/ here")
    return 1 if any(verdict.wrong for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
