"""What a world of Stable Diffusion's size would cost, before it runs: GPU hours and disk, each with its arithmetic.

Counted are passes of the UNet and what is kept. FLOPs were counted at 512 px; how many of them a GPU does in a second is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lethe.core.methods import RETRAINED
from lethe.diffusion.methods import PREPARED, ROLES
from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.plan import Plan
from lethe.workflow.start import plan_of

DECIDES_NO_RESULT = "tells what a run would cost"
UNET, DECODER = 0.677, 2.48  # TFLOP of one row at 512 px
TRAINED = 3  # passes that a row costs with its gradient
SUSTAINED = (
    287.0  # TFLOP/s: 29 % of an H100's dense 16-bit 989, the goal of docs/performance.md for 4 images a second; not measured
)
CROSS, KEYS_VALUES, ALL = 43_962_560, 19_169_280, 859_520_964  # parameters of the UNet: cross-attention, its keys and values, all
OF_LORA = 199_296  # parameters of rank 1 over the attention projections of all 16 blocks
DENSE = 4  # bytes of a parameter of a delta, float32
PICTURE = 450_000  # bytes of a PNG of 512 px
FEATURES = 384 * 4  # bytes of an embedding of the backbone


class Line(NamedTuple):
    """A line of the estimate.

    Attributes:
        what: is made. how: its arithmetic. hours: of a GPU. gigabytes: on disk.
    """

    what: str
    how: str
    hours: float
    gigabytes: float


def estimate(plan: Plan, tasks: Iterable[str] | None = None, sustained: float = SUSTAINED) -> list[Line]:
    """What the models, pictures and scores of some tasks cost; tables and figures are minutes of a CPU.

    Args:
        tasks: all, if none are named.
        sustained: TFLOP/s.
    """
    lines: list[Line] = []
    for task in list(tasks or plan.tasks):
        lines += [*_of_data(plan.settings, task), *_of_methods(plan, task, sustained), _of_pictures(plan, task, sustained)]
    return lines


def estimate_of(configfiles: Sequence[str], sustained: float = SUSTAINED, root: Path = Path()) -> list[Line]:
    """The same of a world that overlays on config/config.yaml describe, in the order given, as for ``snakemake --configfile``.

    Raises:
        SettingsError: a fault of a file or of the configuration.
    """
    config: dict[str, Any] = {}
    files: list[str | Path] = [root / "config/config.yaml", *configfiles]
    for file in files:
        try:
            content = read_yaml(file)
        except (CorruptFileError, FileNotFoundError) as error:
            raise SettingsError(str(error)) from None
        config = _laid_over(config, content or {})
    return estimate(plan_of(config, configfiles, root), sustained=sustained)


def _laid_over(config: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the leaves of an overlay in their places, as Snakemake lays them."""
    found = dict(config)
    for key, value in overlay.items():
        deeper = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _laid_over(found[key], value) if deeper else value
    return found


def text(lines: list[Line], sustained: float = SUSTAINED) -> str:
    """The lines as a table, with their sum and what was taken for granted."""
    width = max(len(line.what) for line in lines)
    rows = [f"{line.what:{width}}  {line.hours:10.1f} {line.gigabytes:10.1f}  {line.how}" for line in lines]
    total = Line("sum", "", sum(line.hours for line in lines), sum(line.gigabytes for line in lines))
    return "\n".join(
        [
            f"{'what':{width}}  {'GPU hours':>10} {'GB':>10}  how",
            *rows,
            f"{total.what:{width}}  {total.hours:10.1f} {total.gigabytes:10.1f}",
            f"Taken for granted: {UNET} TFLOP a row of the UNet and {DECODER} a decoded picture at 512 px, {TRAINED} passes for a row with its "
            f"gradient, {sustained:g} TFLOP/s sustained (--tflops; not measured), {PICTURE / 1e6:g} MB a picture of 512 px. Compiling and scoring "
            "are not counted.",
        ]
    )


def _of_data(settings: Settings, task: str) -> list[Line]:
    size, of = settings.generation_of(task).size, settings.tasks[task]
    count, images = settings.receivers_of(task) or 0, of.images_per_entity
    apart = sum(getattr(of.source_options, split) for split in of.source_options.splits())
    scale = (size / 512) ** 2
    how = f"{count} x ({images} for training + {apart} kept apart) pictures"
    return [Line(f"{task}: source", how, 0.0, count * (images + apart) * PICTURE * scale / 1e9)]


def _of_methods(plan: Plan, task: str, sustained: float) -> Iterable[Line]:
    scale = (plan.settings.generation_of(task).size / 512) ** 2
    for method in plan.models.methods_of(task):
        count = len(plan.models.emitters(task, method))
        if ROLES.role(method) == RETRAINED:
            continue
        values = plan.models.method(task, method).parameters
        passes, how = _passes(values)
        shared = TRAINED * values.get("importance_rows", 0) if PREPARED.prepares(method) else 0
        kept, form = _kept(values)
        hours = (count * passes + shared) * UNET * scale / sustained / 3600
        told = f"{count} models x {how}" + (f" + {shared:,} shared" if shared else "") + f"; {form}"
        yield Line(f"{task}: {method}", told, hours, count * kept / 1e9)


def _passes(values: Mapping[str, Any]) -> tuple[float, str]:
    """Passes of one row through the UNet that a model needs, and how they come about."""
    steps, rows = values.get("steps", 0), values.get("forget_batch", 0) + values.get("retain_batch", 0)
    if not steps:
        return 0.0, "no steps"
    sampled = values.get("sampling_steps", 0)  # half of them on average, with and without the prompt
    loops = 1 + values.get("inner_loops", 0)
    told = f"{steps:,} steps x {rows} rows x ({TRAINED} + 1 of a target{f' + {sampled} of sampling' if sampled else ''})"
    return steps * loops * rows * (TRAINED + 1 + sampled), told + (f" x {loops} loops" if loops > 1 else "")


def _kept(values: Mapping[str, Any]) -> tuple[float, str]:
    """Bytes of a delta, and what it holds."""
    if trainable := values.get("trainable"):
        keys = all("attn2.to_k" in pattern or "attn2.to_v" in pattern for pattern in trainable)
        count = KEYS_VALUES if keys else CROSS if all("attn2" in pattern for pattern in trainable) else ALL
        return DENSE * count, f"{DENSE} bytes x {count:,} parameters"
    if rank := values.get("rank"):
        return DENSE * rank * OF_LORA, f"{DENSE} bytes x rank {rank} x {OF_LORA:,}"
    return 1e5, "0.1 MB"


def _of_pictures(plan: Plan, task: str, sustained: float) -> Line:
    generation, count = plan.settings.generation_of(task), plan.settings.receivers_of(task) or 0
    models, seeds = len(plan.models.of(task)) + 1, len(generation.seeds)
    pictures, scale = models * count * seeds, (generation.size / 512) ** 2
    rows = 2 if generation.guidance > 1 else 1
    hours = pictures * (generation.steps * rows * UNET + DECODER) * scale / sustained / 3600
    how = f"{models} models with the base x {count} prompts x {seeds} seeds x ({generation.steps} steps x {rows} rows + decoding)"
    return Line(f"{task}: pictures and scores", how, hours, pictures * (PICTURE * scale + FEATURES) / 1e9)
