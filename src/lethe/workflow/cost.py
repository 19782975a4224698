"""What a world of Stable Diffusion's size would cost, before it runs: GPU hours and disk, each with its arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lethe.core.methods import RETRAINED
from lethe.diffusion.methods import PREPARED, ROLES
from lethe.settings.models import Settings
from lethe.settings.receivers import ALL
from lethe.workflow.classifier_cost import bound_of_searches, classifiers
from lethe.workflow.passes import (
    DECODER,
    FEATURES,
    PICTURE,
    SUSTAINED,
    TRAINED,
    UNET,
    Line,
    bytes_of,
    drawing,
    hours_of_passes,
    hours_of_pictures,
    kept_bytes,
    passes_of,
    scale_of,
)
from lethe.workflow.plan import Plan
from lethe.workflow.robustness_cost import robustness
from lethe.workflow.start import merged, plan_of

DECIDES_NO_RESULT = "tells what a run would cost"
GPUS, CORES = 16, 4  # of profiles/slurm: GPUs in use at once, cores of a job with one
OF_CPU = (
    "Hours are of one core. Models of diffusion are not counted: the arithmetic for them is that of Stable Diffusion's size on a GPU, and this "
    "world runs on the CPU (README.md says how long it takes)."
)


def estimate(plan: Plan, tasks: Iterable[str] | None = None, sustained: float = SUSTAINED) -> list[Line]:
    """What the models, pictures and scores of some tasks cost; tables and figures are minutes of a CPU.

    Args:
        tasks: all, if none are named.
        sustained: TFLOP/s.
    """
    lines: list[Line] = []
    for task in list(tasks or plan.tasks):
        lines += [*_of_data(plan.settings, task), *_of_methods(plan, task, sustained), _of_pictures(plan, task, sustained)]
        lines += robustness(plan, task, sustained)
    return lines


def estimate_of(configfiles: Sequence[str], sustained: float = SUSTAINED, root: Path = Path()) -> list[Line]:
    """The same of a world that overlays on config/config.yaml describe, in the order given, as for ``snakemake --configfile``; with classifiers.

    The arithmetic of diffusion models is that of Stable Diffusion's size on a GPU: of a world on the CPU there are classifiers only.

    Raises:
        SettingsError: a fault of a file or of the configuration.
    """
    return lines_of(plan_of(merged(configfiles, root), configfiles, root), sustained)


def lines_of(plan: Plan, sustained: float = SUSTAINED) -> list[Line]:
    """The same of a plan."""
    diffusion = estimate(plan, sustained=sustained) if plan.settings.device == "cuda" else []
    return [*diffusion, *classifiers(plan)]


def text(lines: list[Line], device: str = "cuda", sustained: float = SUSTAINED, gpus: int = GPUS) -> str:
    """The lines as a table, with their sum, the time on so many GPUs and what was taken for granted.

    Args:
        device: of the world; on the CPU hours are of one core.
    """
    width = max(len(line.what) for line in lines)
    rows = [f"{line.what:{width}}  {line.hours:10.1f} {line.gigabytes:10.1f}  {line.how}" for line in lines]
    hours, gigabytes = sum(line.hours for line in lines), sum(line.gigabytes for line in lines)
    unit = "GPU" if device == "cuda" else "CPU"
    told = [
        f"{'what':{width}}  {unit + ' hours':>10} {'GB':>10}  how",
        *rows,
        f"{'sum':{width}}  {hours:10.1f} {gigabytes:10.1f}",
    ]
    if bound := bound_of_searches(lines):
        told.append(bound)
    if device != "cuda":
        return "\n".join([*told, OF_CPU])
    return "\n".join(
        [
            *told,
            f"Wall time on {gpus} GPUs that are never idle: {hours / gpus:.1f} hours = {hours:.1f} / {gpus} (--gpus). "
            f"Their jobs hold {CORES} cores each: {hours * CORES:,.0f} CPU hours.",
            f"Taken for granted: {UNET} TFLOP a row of the UNet and {DECODER} a decoded picture at 512 px, {TRAINED} passes for a row with its "
            f"gradient, {sustained:g} TFLOP/s sustained (--tflops; not measured), {PICTURE / 1e6:g} MB a PNG of 512 px, seconds of a step of "
            "classifiers as their architectures say (not measured), and for every run of a method the most epochs that it may take. Compiling and "
            "scoring are not counted.",
        ]
    )


def _of_data(settings: Settings, task: str) -> list[Line]:
    of, count = settings.tasks[task], settings.receivers_of(task) or 0
    apart = sum(getattr(of.source_options, split) for split in of.source_options.splits())
    how = f"{count} x ({of.images_per_entity} for training + {apart} kept apart) pictures"
    bytes_there = count * (of.images_per_entity + apart) * PICTURE * scale_of(settings.generation_of(task))
    return [Line(f"{task}: source", how, 0.0, bytes_there / 1e9)]


def _of_methods(plan: Plan, task: str, sustained: float) -> Iterable[Line]:
    generation = plan.settings.generation_of(task)
    for method in plan.models.methods_of(task):
        count = len(plan.models.emitters(task, method))
        if ROLES.role(method) == RETRAINED:
            continue
        values = plan.models.method(task, method).parameters
        passes, how = passes_of(values)
        shared = TRAINED * values.get("importance_rows", 0) if PREPARED.prepares(method) else 0
        kept, form = bytes_of(values)
        hours = hours_of_passes(count * passes + shared, generation, sustained)
        told = f"{count} models x {how}" + (f" + {shared:,} shared" if shared else "") + f"; {form}"
        yield Line(f"{task}: {method}", told, hours, count * kept / 1e9)


def _of_pictures(plan: Plan, task: str, sustained: float) -> Line:
    generation, count = plan.settings.generation_of(task), plan.settings.receivers_of(task) or 0
    models, seeds = len(plan.models.of(task)) + 1, len(generation.seeds)
    of = plan.settings.entity_tasks.get(task)
    if of is None or of.receivers == ALL:
        pictures, prompts, asked = models * count * seeds, f"{models} models with the base x {count} prompts", count
    else:
        pictures, asked = ((models - 1) * of.asked + count) * seeds, of.asked
        prompts = f"({models - 1} models x {of.asked} prompts + {count} of the base)"
    kept = kept_bytes(plan.settings.keep_images, plan.settings.dtype) * scale_of(generation)
    how = f"{prompts} x {seeds} seeds x {drawing(generation)}; {kept / 1e6:.3g} MB each"
    bytes_there = pictures * (kept + FEATURES)
    if plan.settings.keep_images == "latents":
        how += " as latents"
        given = [name for name in plan.models.methods_of(task) if plan.externals.is_pictures(name)]
        if files := sum(len(plan.models.of_method(task, name)) for name in given) * asked * seeds:
            how += f", but files of {', '.join(given)} stay pictures"
            bytes_there += files * (PICTURE * scale_of(generation) - kept)
    hours = hours_of_pictures(pictures, generation, sustained)
    return Line(f"{task}: pictures and scores", how, hours, bytes_there / 1e9)
