"""What of Deep Unlearn can be configured; the embedded default is scikit-learn's digits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lethe.deepunlearn import ARCHITECTURES, METHODS, PROVIDERS
from lethe.settings.strict import Name, Removable, Strict, check_known

METHODS_18 = [
    *["ft", "ga", "srl", "ngplus", "cfk", "euk", "fcs", "msg", "cfw"],
    *["prmq", "ct", "kde", "rni", "bt", "salun", "scrub", "iu", "ff"],
]
FETCHABLE = ["fashion_mnist", "mnist"]
LIRA_METHODS = ["ft", "srl", "ngplus", "euk", "msg", "cfw", "prmq", "ct", "kde", "bt", "salun", "scrub"]


class BaseTraining(Strict):
    """How original and retrained models are trained: cross-entropy, SGD, cosine annealing per epoch."""

    epochs: int = Field(30, ge=1, le=100_000, description="passes over the training set")
    batch_size: int = Field(64, ge=1, le=100_000, description="images per step")
    learning_rate: float = Field(0.05, gt=0, le=100, description="at the start")
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD")
    weight_decay: float = Field(5e-4, ge=0, le=1, description="of SGD")


class Classification(Strict):
    """One data set and the classifiers that forget a part of it."""

    source: Literal["local", "fetch"] = Field("local", description="fetch: a rule downloads it (mnist, fashion_mnist)")
    folder: str = Field("", description="local only: where its files are; empty: it needs none, or looks in its usual places")
    architectures: list[Name] = Field(default=["mlp", "tinycnn"], min_length=1, description="see lethe.deepunlearn")
    methods: list[Name] = Field(default=METHODS_18, min_length=1, description="see lethe.deepunlearn")
    seeds: int = Field(
        10, ge=2, le=1000, description="models per architecture; a seed sets the initial weights and what methods draw"
    )
    val_share: float = Field(0.15, gt=0, lt=1, description="of the development part, for validation")
    forget_share: float = Field(0.10, gt=0, lt=1, description="of the training set, to be forgotten")
    training: BaseTraining = Field(default_factory=BaseTraining, description="of original and retrained models")


class Search(Strict):
    """How hyper-parameters are searched (`snakemake deepunlearn_search`)."""

    protocol: Literal["held_out", "published"] = Field(
        "held_out", description="held_out: on a forget set that is not reported; published: on the reported one, as released"
    )
    trials: int = Field(30, ge=1, le=100_000, description="per method, architecture and tuning seed")
    batch: int = Field(10, ge=1, le=100_000, description="trials asked for at once, trained stacked")
    population: int = Field(
        10, ge=2, le=100_000, description="of NSGA-III: so many random trials, then generations of as many (Optuna: 50)"
    )
    seeds: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        default=[100, 101, 102, 103, 104],
        min_length=1,
        description="one model and one study each; held_out: not reported ones, published: the first of the reported",
    )
    finalists: int = Field(
        5, ge=1, le=100_000, description="held_out: best trials of each study, which then run on all tuning models"
    )

    @model_validator(mode="after")
    def _enough_trials(self) -> Search:
        if self.finalists > self.trials:
            raise ValueError(f"`finalists` is {self.finalists}, but there are {self.trials} `trials`")
        return self


class Lira(Strict):
    """Per-sample membership inference from many models, U-LiRA."""

    architectures: list[Name] = Field(default_factory=list, description="of the data set; empty: all of them")
    methods: list[Name] = Field(default=LIRA_METHODS, min_length=1, description="besides original and retrained")
    splits: int = Field(64, ge=4, le=100_000, description="random halves of the data, one original model each")
    forget_sets: int = Field(4, ge=1, le=100_000, description="forget sets per split, one retrained and one unlearned model each")
    epochs: int = Field(25, ge=1, le=100_000, description="of base training; the rest as in `training`")


class DeepUnlearn(Strict):
    """The second benchmark: forgetting a random part of a classifier's training data."""

    datasets: Annotated[dict[Name, Classification], Removable] = Field(
        default_factory=lambda: {"digits": Classification()},
        min_length=1,
        description="what is forgotten; keys name the data set",
    )
    hyperparameters: Literal["shipped", "searched"] = Field(
        "shipped", description="shipped: config/deepunlearn/{dataset}_{architecture}.yaml; searched: by this workflow"
    )
    search: Search = Field(default_factory=Search, description="hyper-parameter search")
    lira: Annotated[dict[Name, Lira], Removable] = Field(
        default_factory=lambda: {"digits": Lira()}, description="U-LiRA, for the data sets named here"
    )
    timing_repeats: int = Field(3, ge=1, le=1000, description="runs per method of which the median is the run time")
    demo_architecture: Name = Field("mlp", description="what `demo` runs: this architecture on the first data set")

    @model_validator(mode="after")
    def _names_exist(self) -> DeepUnlearn:
        for name, entry in self.datasets.items():
            check_known("deepunlearn.datasets", name, PROVIDERS.names())
            if entry.source == "fetch" and (name not in FETCHABLE or entry.folder):
                raise ValueError(f"deepunlearn.datasets.{name}: source fetch is for {', '.join(FETCHABLE)}, without a folder")
            for architecture in entry.architectures:
                check_known(f"deepunlearn.datasets.{name}.architectures", architecture, ARCHITECTURES.names())
            for method in entry.methods:
                check_known(f"deepunlearn.datasets.{name}.methods", method, METHODS.names())
            for seed in self.search.seeds:
                if (seed in range(entry.seeds)) != (self.search.protocol == "published"):
                    raise ValueError(
                        f"deepunlearn.search.seeds: {seed} with protocol {self.search.protocol} and {entry.seeds} reported seeds "
                        f"of {name}: `published` tunes on reported seeds, `held_out` on others"
                    )
        for name, lira in self.lira.items():
            check_known("deepunlearn.lira", name, list(self.datasets))
            for architecture in lira.architectures:
                check_known(f"deepunlearn.lira.{name}.architectures", architecture, self.datasets[name].architectures)
            for method in lira.methods:
                check_known(f"deepunlearn.lira.{name}.methods", method, self.datasets[name].methods)
        first = next(iter(self.datasets.values()))
        check_known("deepunlearn.demo_architecture", self.demo_architecture, first.architectures)
        return self
