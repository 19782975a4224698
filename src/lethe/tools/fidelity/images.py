"""Effects on single images and pairs: initial noise, data range, what an entity's own pair does to its statistics."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lethe.benchmarks.icare.entities import STATISTICS
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS
from lethe.core.methods import UNCHANGED
from lethe.core.missing import known, mean, told
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics.specs import spec_of
from lethe.tools.fidelity.world import Effect, World, agreement, others

POSITIONS = (0, 5)  # of one image in two batches


def noise(world: World) -> Iterator[Effect]:
    """The same image at two places of a batch, and what a model that changed nothing then seems to have changed."""
    import torch  # the reference's noise is torch's generator's

    from lethe.diffusion.noise import initial_noise

    for task, settings in world.tasks.items():
        if not world.has(config := f"base/{settings.base}/unet/config.json"):
            continue
        unet = world.json(config)
        shape = (unet["in_channels"], unet["sample_size"], unet["sample_size"])
        seed = int(world.data(task).baseline["seed"].iloc[0])  # type: ignore[index]
        batch = torch.randn((max(POSITIONS) + 1, *shape), generator=torch.Generator().manual_seed(seed)).numpy()
        ours = [initial_noise(world.folder.name, task, 0, seed, shape).numpy() for _ in POSITIONS]
        yield Effect(
            scope=task,
            quantity="correlation of an image's initial noise at batch positions 0 and 5",
            published=float(np.corrcoef([batch[position].ravel() for position in POSITIONS])[0, 1]),
            lethe=float(np.corrcoef([values.ravel() for values in ours])[0, 1]),
            how=f"seed {seed}; published: one generator per batch; here no position enters",
        )
        floor, data = world.json(f"noise_floor_{task}.json"), world.data(task)
        control = next((name for name in data.pairs["method"].unique() if ROLES.role(name) == UNCHANGED), None)  # type: ignore[index]
        if control is None:
            continue
        for metric in ("ssim", "rmse"):
            yield Effect(
                scope=f"{task}/{control}",
                quantity=f"mean {metric} under a method that changes nothing",
                published=floor[metric]["mean"],
                lethe=mean(data.matrix(control, metric)),
                how="published: off and on image from independent noise, as two seeds of the base are (noise floor)"
                + _told(data.matrix(control, metric)),
            )


def data_range(world: World) -> Iterator[Effect]:
    """SSIM and RMSE at data range 4095 and 255, and the order of methods by each."""
    for task in world.tasks:
        data, methods = world.data(task), world.compared(task)
        for metric in ("ssim", "rmse"):
            old, new = (
                {method: others(data.matrix(method, name)) for method in methods} for name in (PUBLISHED_KEYS[metric], metric)
            )
            for method in methods:
                yield Effect(
                    scope=f"{task}/{method}",
                    quantity=f"mean {metric}",
                    published=mean(old[method]),
                    lethe=mean(new[method]),
                    how="mean over pairs of different entities; agreement over these pairs" + _told(new[method]),
                    agreement=agreement(old[method], new[method]),
                )
            places = [_places(found, spec_of(metric).damage_sign) for found in (old, new)]
            for method in methods:
                yield Effect(
                    scope=f"{task}/{method}",
                    quantity=f"place by mean {metric}",
                    published=places[0][method],
                    lethe=places[1][method],
                    how="1: most damage",
                )


def _told(values: np.ndarray) -> str:
    return told(known(values)[1], np.size(values))


def _places(values: dict[str, np.ndarray], sign: int) -> dict[str, int]:
    """Method -> place by mean damage, 1 the largest."""
    order = sorted(values, key=lambda method: -sign * mean(values[method]))
    return {method: place for place, method in enumerate(order, 1)}


def own_pair(world: World) -> Iterator[Effect]:
    """Worst and average interference of an emitter, with and without the pair of the emitter with itself."""
    for task in world.tasks:
        data = world.data(task)
        for method in world.compared(task):
            for quantity in ("clip_diff", "ssim"):
                for kind in ("worst_interfered", "average"):
                    old = data.statistic(method, f"emitter_{kind}_{quantity}")
                    new = data.statistic(method, f"emitter_others_{kind}_{quantity}")
                    yield Effect(
                        scope=f"{task}/{method}",
                        quantity=f"emitter {kind.removesuffix('_interfered')} {quantity}",
                        published=mean(old),
                        lethe=mean(new),
                        how="mean over emitters, with and without the emitter's own pair (both at data range 255); agreement over them"
                        + _told(new),
                        agreement=agreement(old, new),
                    )


def arrows(world: World) -> Iterator[Effect]:
    """Published columns of a method whose arrow is not that of their metric."""
    wrong = [s for s in STATISTICS.values() if s.published and "_worst_interfered_" in s.slug and s.arrow != _arrow(s.slug)]
    signed = [s for s in wrong if s.direction is not None and s.direction != _arrow(s.slug)]
    yield Effect(
        scope="world",
        quantity="columns of a method whose direction contradicts their metric",
        published=len(wrong),
        lethe=len(signed),
        how=f"of {sum(s.published for s in STATISTICS.values())}; published: printed arrow; here: the registry's direction",
    )


def _arrow(slug: str) -> str:
    return spec_of(slug.split("_worst_interfered_")[1]).arrow
