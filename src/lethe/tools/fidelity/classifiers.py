"""Effects on Deep Unlearn, from its finished tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lethe.tools.fidelity.world import Effect, World

SPLIT_OUT, PUBLISHED = "logit_leave_one_split_out", "published"


def attack(world: World) -> Iterator[Effect]:
    """U-LiRA's accuracy as published and with the whole split left out."""
    for study in world.studies:
        if not world.has(f"tables/deepunlearn_lira_{study}.csv"):
            continue
        table = world.csv(f"tables/deepunlearn_lira_{study}.csv")
        accuracy, undefined = (
            {variant: rows.set_index("method")[column] for variant, rows in table.groupby("variant")}
            for column in ("accuracy", "undefined")
        )
        for method in ("original", "retrained"):
            yield Effect(
                scope=f"{study}/{method}",
                quantity="accuracy of U-LiRA",
                published=float(accuracy[PUBLISHED][method]),
                lethe=float(accuracy[SPLIT_OUT][method]),
                how=f"variants {PUBLISHED} (forgotten observations alone) and {SPLIT_OUT}; 0.5 is chance, right for retrained models; "
                f"without a score: {undefined[PUBLISHED][method]:.1%} and {undefined[SPLIT_OUT][method]:.1%}",
            )
        old, new = (accuracy[variant].drop(index=["original", "retrained"]) for variant in (PUBLISHED, SPLIT_OUT))
        if not new.empty:
            yield Effect(
                scope=study,
                quantity="mean accuracy of U-LiRA on unlearned models",
                published=float(old.mean()),
                lethe=float(new.mean()),
                how=f"over {len(new)} methods; agreement over them",
                agreement=float(old.corr(new, method="spearman")),
            )


def published(method: str) -> Callable[[World], Iterator[Effect]]:
    """The effect of how a method was published, where a study ran it both ways."""

    def compare(world: World) -> Iterator[Effect]:
        for study in world.studies:
            table = world.csv(f"tables/deepunlearn_{study}.csv").set_index("method")
            if not {method, f"{method}_published"} <= set(table.index):
                continue
            for quantity in ("gap", "retdev_paired", "indisc"):
                yield Effect(
                    scope=f"{study}/{method}",
                    quantity=quantity,
                    published=float(table[quantity][f"{method}_published"]),
                    lethe=float(table[quantity][method]),
                    how="mean over seeds",
                )

    return compare


def run_times(world: World) -> Iterator[Effect]:
    """Efficiency against retraining, of the work alone and with the search."""
    for study in world.studies:
        table = world.csv(f"tables/deepunlearn_{study}.csv").dropna(subset=["rte", "rte_with_search"])
        if table.empty:
            continue
        yield Effect(
            scope=study,
            quantity="median run-time efficiency",
            published=None,
            lethe=float(table["rte"].median()),
            how=f"over {len(table)} methods, the work alone; the reference's node and load cannot be reproduced",
        )
        yield Effect(
            scope=study,
            quantity="median run-time efficiency with the search",
            published=None,
            lethe=float(table["rte_with_search"].median()),
            how=f"over {len(table)} methods, the search counted",
        )


def undefined(world: World) -> Iterator[Effect]:
    """Methods that a ranking can only place by a stated rule."""
    for study in world.studies:
        table = world.csv(f"tables/deepunlearn_{study}.csv")
        ranked = world.csv(f"tables/deepunlearn_groups_{study}.csv")
        yield Effect(
            scope=study,
            quantity="methods in ranking groups",
            published=None,
            lethe=len(ranked),
            how=f"of {len(table)} in the table; {int(ranked['why'].notna().sum())} with a stated reason of a failure",
        )
