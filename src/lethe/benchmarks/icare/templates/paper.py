"""Every figure of the I-CARE paper as a result of this world, by the name of its published file.

The paper names entities of its own three tasks; a world with fewer entities takes the same index modulo their number, the same
place among its seeds, and two entities per category instead of five. A task that the paper does not have (``objects``) gets one
figure of every template. Not made: pictures with varied prompts (``varied_*``) and activations per layer
(``act_person_per_layer``); they need images and fingerprints that the testbed does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lethe.benchmarks.icare.parameters import FEW, LARGE
from lethe.benchmarks.icare.templates.check import has_pictures, metrics
from lethe.benchmarks.icare.templates.lacking import lacking
from lethe.benchmarks.icare.templates.needs import Needs
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import build, validate
from lethe.settings.models import Settings

if TYPE_CHECKING:
    from lethe.diffusion.plan.models import Models

PAPER_TASKS, COMPARED = ("people", "scenes", "breeds"), ("uce", "distil", "munba")
METRICS, SIMILARITIES = ("brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff"), ("clip", "attr", "dino", "act")
BUSH, SERENA, WINONA, SCHNAUZER, SKATING = 0, 8, 32, 20, 40  # indices of the paper's entities
SEEDS = (42, 43, 44, 45)


@dataclass(frozen=True)
class Figure:
    """A named result: ``template`` and ``parameters``, which together are its path."""

    name: str
    template: str
    parameters: dict[str, Any]

    def stem(self) -> str:
        """``{template}/{file name}``."""
        return f"{self.template}/{build(validate(TEMPLATES.load(self.template).parameters, self.parameters))}"


def _paper() -> Iterator[Figure]:
    """The paper's figures, in its own tasks, indices and seeds."""
    worst, receiver = "emitter_worst_interfered_clip_diff", "receiver_worst_interfered_"
    people, scenes, breeds = (
        {"task": task, "method": method} for task, method in zip(PAPER_TASKS, ("distil", "distil", "uce"), strict=True)
    )
    grid = {"tasks": PAPER_TASKS, "methods": COMPARED}
    for by in ("method", "attribute", "statistic"):
        yield Figure(f"sig_by_{'me' if by == 'statistic' else by}", "CSR", grid | {"by": by})
    yield Figure("sig_breeds_group", "SRC", breeds | {"statistic": worst, "attribute": "group"})
    yield Figure("SimilarityMatrix_people_clip", "SM", {"task": "people", "similarity": "clip"})
    yield Figure("sim_matrix_act", "SM", {"task": "people", "similarity": "act", "order_by": "occupation_simplified"})
    numeric = {"birthyear_ssim": ("ssim", "birthyear"), "hpi_rmse": ("rmse", "hpi"), "hpi_clip": ("ssim", "hpi")}
    for name, (metric, attribute) in numeric.items():
        name = "sig_hpi_clip" if name == "hpi_clip" else f"SignificantRelationshipNumerical_{name}"
        yield Figure(name, "SRN", people | {"statistic": receiver + metric, "attribute": attribute})
    directed = {"metric": "clip_diff", "attribute": "occupation_simplified", "sources": ("Politician", "Athlete", "Artist")}
    yield Figure("sig_dir_occupation", "SRCD", people | directed)
    yield Figure("sig_dir_sports", "SRCD", scenes | {"metric": "clip_diff", "attribute": "sports", "sources": ("False", "True")})
    for name, method, first, second in (
        ("iat_gender", "distil", "gender", "occupation_simplified"),
        ("iat_hpi", "distil", "occupation_simplified", "hpi_bin"),
        ("iat_uce", "uce", "occupation_simplified", "hpi_bin"),
    ):
        yield Figure(name, "IAT", {"task": "people", "method": method, "attribute_1": first, "attribute_2": second})
    for seed in SEEDS:
        shown = {"metric": "clip_diff", "seed": seed}
        yield Figure(f"visual_summary_schnauzer_uce_seed{seed}", "IVS", breeds | shown | {"emitter": SCHNAUZER})
        yield Figure(f"visual_summary_skating_distil_seed{seed}", "IVS", scenes | shown | {"emitter": SKATING})
    for name, entity in (("bush", BUSH), ("serena", SERENA), ("winona", WINONA)):
        yield Figure(f"latent_dino_{name}", "EUP", people | {"metric": "clip_diff", "emitter": entity})
    yield Figure("MethodComparisonByMetricEntity", "MCME", grid | {"statistic": "emitter_average_clip_diff"})
    pair = {"statistic_x": "emitter_average_clip_diff", "statistic_y": "emitter_average_rmse"}
    yield Figure("MetricMetricAlignment_clip_rmse", "MMA", {"tasks": ("people",), "methods": ("uce",)} | pair)
    one = {"metric": "clip_diff", "similarity": "dino", "emitter": SCHNAUZER}
    yield Figure("msaone_giant_schnauzer_clip_diff_dino", "MSAOne", breeds | one)
    rank = "InterferenceBySimilarityRank"
    yield Figure("msaone_rank_giant_schnauzer_uce_clip_diff_dino", rank, breeds | one)
    skating = {"metric": "clip_diff", "similarity": "act", "emitter": SKATING}
    yield Figure("msaone_rank_ice_skating_distil_clip_diff_act", rank, scenes | skating)
    yield Figure("dinodiff_jacc_scenes_distil", "MSA", scenes | {"metric": "dino_diff", "similarity": "attr"})
    both = {"metrics": METRICS, "similarities": SIMILARITIES}
    yield Figure("msa_full_groupby_method", "MSAGrid", grid | both)
    yield Figure("msa_full_heatmap_sim_mp_abs", "MSAGrid", grid | both | {"by": "metric"})
    forget = {"statistic_x": "forget_clip_diff", "statistic_y": "retain_average_clip_diff"}
    yield Figure("equalization", "MMA", grid | forget)
    yield Figure("paretto", "Pareto", scenes)
    yield Figure("graph", "MCI", people | {"metric": "clip_diff", "source": BUSH, "sink": SERENA})
    yield Figure("msa_coloring", "MSA", people | {"metric": "clip_diff", "similarity": "clip", "colour": "occupation_simplified"})
    top = {"metrics": ("clip_diff",), "similarities": ("act",), "top": 5}
    yield Figure("grid_clipdiff_act_top5", "MostSimilarMostInterferedGrid", grid | top)


def _every_template(task: str, attributes: tuple[str, ...], number: str, metric: str, fidelity: str) -> Iterator[Figure]:
    """One figure of every template for a task that the paper does not have."""
    one, many = {"task": task, "method": "distil"}, {"tasks": (task,), "methods": COMPARED}
    pair, seed = one | {"metric": metric}, {"seed": SEEDS[0]}
    statistic = f"emitter_{'' if fidelity == 'published' else 'others_'}average_{metric}"
    similarity = {"similarity": "dino"}
    made: dict[str, dict[str, Any]] = {
        "MMA": many | {"statistic_x": "forget_clip_diff", "statistic_y": "retain_average_clip_diff"},
        "MSA": pair | similarity,
        "MSAOne": pair | similarity | {"emitter": 0},
        "InterferenceBySimilarityRank": pair | similarity | {"emitter": 0},
        "MostSimilarMostInterferedGrid": many | {"metrics": METRICS, "similarities": SIMILARITIES},
        "MSAM": pair | {"similarities": SIMILARITIES, "attribute_value": False},
        "SRC": one | {"statistic": statistic, "attribute": attributes[0]},
        "SRCD": pair | {"attribute": attributes[0], "sources": ("odd", "even")},
        "SRN": one | {"statistic": statistic, "attribute": number},
        "CSR": many,
        "IAT": one | {"attribute_1": attributes[0], "attribute_2": attributes[1]},
        "MCI": pair | {"source": 3, "sink": 8},
        "IVS": pair | seed | {"emitter": 0},
        "SimilarityVisualSummary": one | seed | similarity | {"emitter": 0},
        "UnlearningVisualSummary": {"task": task, "methods": COMPARED, "emitter": 0, "seeds": SEEDS},
        "IM": pair,
        "SM": {"task": task} | similarity,
        "MCME": many | {"statistic": statistic},
        "EUP": pair | {"emitter": 0},
        "EFE": one,
        "MSAGrid": many | {"metrics": METRICS, "similarities": SIMILARITIES, "by": "metric"},
        "Pareto": one,
    }
    for template, parameters in made.items():
        yield Figure(f"{task}_{template}", template, parameters)


def figures(settings: Settings, models: Models | None = None) -> list[Figure]:
    """The named results of a world, in its own tasks, methods, metrics, similarities, entities and seeds.

    Args:
        models: of the world; where they are those of a corpus, what it lacks is left out.
    """
    wanted = list(_paper())
    objects = settings.entity_tasks.get("objects")
    if objects is not None and objects.balance:
        wanted += _every_template("objects", objects.balance, "value", "clip_diff", settings.fidelity)
    return [adapted for figure in wanted if (adapted := _adapted(figure, settings)) is not None and not _lacks(adapted, models)]


def _lacks(figure: Figure, models: Models | None) -> bool:
    """Whether a corpus lacks what a figure reads; the census of the corpus names what it is."""
    if models is None or models.held is None:
        return False
    template = TEMPLATES.load(figure.template)
    parameters = validate(template.parameters, figure.parameters)
    return isinstance(template, Needs) and bool(lacking(template, parameters, models))


def _adapted(figure: Figure, settings: Settings) -> Figure | None:
    """The figure in this world, or None where the world does not have its task, method, metric or similarity."""
    given = dict(figure.parameters)
    known: Mapping[str, list[str]] = {
        "task": list(settings.entity_tasks),
        "method": settings.methods,
        "metric": metrics(settings, settings.fidelity == "published"),
        "similarity": list(settings.similarity.kinds),
    }
    if getattr(TEMPLATES.load(figure.template), "images", False) and not has_pictures(settings):
        return None
    for key in ("metric", "metrics"):  # imported pairs have RMSE and SSIM as published, under their own names
        if key in given:
            names = [given[key]] if key == "metric" else given[key]
            named = tuple(
                f"{name}_published" if f"{name}_published" in known["metric"] and name not in known["metric"] else name
                for name in names
            )
            given[key] = named[0] if key == "metric" else named
    for one, allowed in known.items():
        many = "similarities" if one == "similarity" else f"{one}s"
        if many in given:
            given[many] = tuple(name for name in given[many] if name in allowed)
        if given.get(many) == () or (one in given and given[one] not in allowed):
            return None
    tasks = [given["task"]] if "task" in given else list(given["tasks"])
    entities = min(settings.entity_tasks[task].entities for task in tasks)
    some = [settings.entity_tasks[task].unlearned for task in tasks if settings.entity_tasks[task].emitters is not None]
    template = TEMPLATES.load(figure.template)
    if some and isinstance(template, Needs) and not template.any_method:
        return None
    if isinstance(template, Needs) and not template.sampled and not set(tasks) <= set(settings.full_tasks):
        return None
    for key in ("emitter", "source", "sink"):
        if key in given:
            given[key] = some[0][given[key] % len(some[0])] if some and key == "emitter" else given[key] % entities
    seeds = settings.generation_of(tasks[0]).seeds
    if "seed" in given:
        if (place := SEEDS.index(given["seed"])) >= len(seeds):
            return None
        given["seed"] = seeds[place]
    if "seeds" in given:
        given["seeds"] = tuple(seeds[: len(given["seeds"])])
    if figure.template in ("SRC", "SRCD", "CSR") and entities < LARGE:
        given["min_samples"] = FEW
    return Figure(figure.name, figure.template, given | {"fidelity": settings.fidelity})
