"""Memory that a job may need, as a function of the configuration, and a check of it against what jobs used.

    lethe memory [benchmarks/mini]

compares ``max_uss`` of every finished job, the memory that it has of its own, with the ``mem_mb`` it asked for; both are in the job's
benchmark file (the default profile asks Snakemake for extended ones). Ends with status 1 if a job used more than it asked for. What
a forked job shares with all others, half a GB of imported libraries (``lethe.execution.forked``), is not in it; ``LETHE_FORK=0``
measures jobs that share nothing, as on a cluster.

At Stable Diffusion's size main memory was measured for one image (``results/bench/sd14.json``); GPU memory is estimated from
the sizes of activations until ``results/bench/gpu.json`` says what a GPU needs.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from lethe.settings.bases import Base
    from lethe.settings.models import Settings

DECIDES_NO_RESULT = "asks for memory"

Job = Literal["fetch", "latents", "unlearn", "generate"]

PROCESS = 1500  # MB of a process with torch and diffusers, and of a job's own data
WEIGHTS = {"prebuilt": 50, "train": 50, "pretrained": 4300}  # MB of a base in float32; a folder of one's own may hold more
WEIGHTED = ("unet", "vae", "text_encoder", "text_encoder_2")
VAE = 350  # MB of Stable Diffusion's autoencoder in float32
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
# MB per row or image of 512 px in float32: one UNet pass, the same with its gradient, one VAE pass
SAMPLED, TRAINED, CODED = 700, 4000, 1500
TRAINING = 4  # copies of what is trained as a whole: its values, their gradient and Adam's two moments
# The same of methods with a hyper-parameter: importance and a step's penalty; scores of weights and their order; kept values, inner moments;
# an average
FURTHER = {"importance_rows": 2, "reset_share": 4, "inner_loops": 3, "ema_decay": 1}
BATCHES = ("forget_batch", "retain_batch", "anchor_batch")  # hyper-parameters: rows of a step
ATTN2 = 0.06  # share of Stable Diffusion's weights in cross-attention (44 of 860 million of the UNet), rounded up
ANSWER = 0.002  # MB of a row of an answer set, whose texts are objects
CODED_AT_ONCE = 8  # images of 512 px that the VAE gets in one pass (lethe.diffusion.generate, latents)


class Need(NamedTuple):
    """MB of main memory and of GPU memory."""

    host: int
    gpu: int


def need(job: Job, settings: Settings, hyperparameters: Mapping[str, Any] | None = None) -> Need:
    """What a job that loads a base asks for.

    Args:
        job: ``fetch`` a pretrained base, encode ``latents``, ``unlearn``, ``generate``.
        settings: bases, device, precision and size of images.
        hyperparameters: of the method that unlearns; rows per pass, emitters in one (``together``), their precision and which whole
            parameters are trained (``trainable``) are looked for. Of one whose models are drawn: whether gradients are taken meanwhile (``updates``).
    """
    values = hyperparameters or {}
    sampled = [settings.generation_of(task) for task in settings.tasks]
    generation = max(sampled, key=lambda found: found.size**2 * found.batch_size)
    scale = (generation.size / 512) ** 2
    weights = max(_weights(settings.origin_of(base)) for base in settings.bases)
    precision, rows, coded, copies, trained = "float32", 0.0, 0.0, 1.0, 0.0  # copies and trained: of the weights in float32
    if job == "generate":
        precision = settings.dtype
        copies = 2 * BYTES[precision] / 4  # the model and what it replaces
        rows = generation.batch_size * (TRAINED if "updates" in values else 2 * SAMPLED)
        coded = min(generation.batch_size, CODED_AT_ONCE / scale) * CODED
    elif job == "latents":
        coded = min(32, CODED_AT_ONCE / scale) * CODED
    elif job == "unlearn":
        precision = values.get("precision", "float32")
        copies = 3 if "saliency_batch" in values else 1  # gradients of all weights, and their sum
        kept = TRAINING + sum(further for name, further in FURTHER.items() if name in values)
        trained = kept * _share(values.get("trainable", []))
        rows = TRAINED * (values.get("micro_batch") or sum(values.get(name, 0) for name in BATCHES)) * values.get("together", 1)
    work = (rows + coded) * scale * BYTES[precision] / 4
    loading = PROCESS + 2 * weights  # a file that is read counts as the job's own while its tensors are copied
    if settings.device == "cpu":
        return Need(_rounded(loading + trained * weights + work), 0)
    return Need(_rounded(loading), 0 if job == "fetch" else _rounded(PROCESS + (copies + trained) * weights + work))


def _weights(base: Base) -> float:
    """MB of a base in float32; of a folder of one's own at least what its files hold."""
    total = 0.0
    if base.source == "pretrained" and base.folder is not None:
        for component in WEIGHTED:
            sizes = {file.name: file.stat().st_size / 1e6 for file in (base.folder / component).glob("*.safetensors")}
            halves = {name: size for name, size in sizes.items() if ".fp16" in name or ".bf16" in name}
            total += sum(size for name, size in sizes.items() if name not in halves) or 2 * sum(halves.values())
    return max(total, WEIGHTS[base.source])


def pictures(settings: Settings, task: str) -> float:
    """MB of all pictures of one model of a task, decoded; 0 where a file decides how many there are."""
    generation = settings.generation_of(task)
    return (settings.receivers_of(task) or 0) * len(generation.seeds) * 3 * generation.size**2 / 1e6


def decoding(settings: Settings, together: bool = True) -> int:
    """MB of main memory in which a VAE makes pictures of kept latents on the CPU; 0 where pictures are kept.

    Args:
        together: as many at once as were drawn at once, else one by one.
    """
    if settings.keep_images == "png":
        return 0
    scale = max((settings.generation_of(task).size / 512) ** 2 for task in settings.tasks)
    return _rounded(PROCESS + VAE + (CODED_AT_ONCE if together else scale) * CODED)


def scoring(settings: Settings, task: str) -> int:
    """MB of main memory for a job that scores the pictures of a task: those of a model and of the base at once."""
    decoded = decoding(settings) if settings.device == "cpu" else 0
    return max(4000, _rounded(PROCESS + 2 * pictures(settings, task))) + decoded


def tabulating(settings: Settings, task: str, models: int) -> int:
    """MB of main memory for a job that reads what judges see in every picture of ``models`` models."""
    rows = models * (settings.receivers_of(task) or 0) * len(settings.generation_of(task).seeds)
    return max(8000, _rounded(PROCESS + rows * ANSWER))


def judging(settings: Settings, evaluator: str) -> int:
    """MB of main memory for the training of an evaluator: a vision transformer holds its pictures, weights and moments."""
    large = settings.pretraining_of(settings.evaluators[evaluator]).judge.architecture == "vit"
    return 16_000 if large and settings.evaluators[evaluator].kind == "classifier" else 3000


def _share(trainable: Sequence[str]) -> float:
    """Share of the weights that patterns of parameter names mean: cross-attention, or else all."""
    if not trainable:
        return 0.0
    return ATTN2 if all("attn2" in pattern for pattern in trainable) else 1.0


def _rounded(megabytes: float) -> int:
    return int(-(-megabytes // 500) * 500)


class Used(NamedTuple):
    """A finished job: its benchmark file, the most memory it had of its own and what it asked for, MB."""

    file: Path
    used: float
    asked: float


def used_by(folder: str | Path) -> list[Used]:
    """Every job with a benchmark file below ``folder`` whose memory was sampled, the tightest first.

    Raises:
        ValueError: if a file does not say what its job asked for, or there is none.
    """
    jobs = []
    for file in sorted(Path(folder).rglob("*.tsv")):
        with open(file, newline="") as table:
            for row in csv.DictReader(table, delimiter="\t"):
                if "resources" not in row:
                    raise ValueError(
                        f"{file}: no column 'resources'; it was written without --benchmark-extended, run the job again"
                    )
                asked = ast.literal_eval(row["resources"]).get("mem_mb")
                if row["max_uss"] not in ("NA", "-") and asked:  # a job of less than a second is not sampled
                    jobs.append(Used(file, float(row["max_uss"]), float(asked)))
    if not jobs:
        raise ValueError(f"{folder}: no benchmark file with sampled memory; run a workflow first")
    return sorted(jobs, key=lambda job: job.used / job.asked, reverse=True)


def report(folder: str | Path) -> tuple[str, bool]:
    """A table, one line per rule with its tightest job, and whether no job used more than it asked for."""
    tightest: dict[str, Used] = {}
    for job in used_by(folder):
        tightest.setdefault(job.file.parent.name, job)
    lines = [f"{'rule':28} {'used MB':>8} {'asked MB':>8} {'share':>6}  job"]
    for rule, job in tightest.items():
        mark = "" if job.used <= job.asked else "  MORE THAN ASKED"
        lines.append(f"{rule:28} {job.used:8.0f} {job.asked:8.0f} {job.used / job.asked:6.0%}  {job.file.stem}{mark}")
    return "\n".join(lines), all(job.used <= job.asked for job in tightest.values())
