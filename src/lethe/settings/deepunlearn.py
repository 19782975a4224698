"""What of Deep Unlearn can be configured; the embedded default is scikit-learn's digits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, model_validator

from lethe.core.records import NAME
from lethe.settings.classifiers import BaseTraining, Lira, Search, Selection
from lethe.settings.names import names_in
from lethe.settings.strict import Name, Removable, Strict, check_known

METHODS_18 = [
    *["ft", "ga", "srl", "ngplus", "cfk", "euk", "fcs", "msg", "cfw"],
    *["prmq", "ct", "kde", "rni", "bt", "salun", "scrub", "iu", "ff"],
]
FETCHABLE = ["cifar10", "cifar100", "fashion_mnist", "mnist"]


class Classification(Selection):
    """One data set and the classifiers that forget a part of it."""

    source: Literal["local", "fetch"] = Field(
        "local", description="fetch: a rule downloads it (mnist, fashion_mnist, cifar10, cifar100)"
    )
    folder: str = Field("", description="local only: where its files are; empty: it needs none, or looks in its usual places")
    architectures: list[Name] = Field(default=["mlp", "tinycnn"], min_length=1, description="see lethe.classifiers")
    methods: list[Name] = Field(default=METHODS_18, min_length=1, description="see lethe.classifiers.methods")
    seeds: int = Field(
        10, ge=2, le=1000, description="models per architecture; a seed sets the initial weights and what methods draw"
    )
    unlearning_seeds: int = Field(
        1, ge=1, le=1000, description="runs of every method per model, each with what it draws of its own"
    )
    hyperparameters_of: str = Field(
        "",
        pattern=f"^({NAME})?$",
        max_length=40,
        description="key of the data set whose file of config/methods/classifiers is used; empty: its own",
    )
    training: BaseTraining = Field(default_factory=BaseTraining, description="of original and retrained models")


class DeepUnlearn(Strict):
    """The second benchmark: forgetting a random part of a classifier's training data."""

    datasets: Annotated[dict[Name, Classification], Removable] = Field(
        default_factory=lambda: {"digits": Classification(train_size=600, label_noise=0.2, forget_share=0.2)},
        min_length=1,
        description="what is forgotten; keys name the data set",
    )
    hyperparameters: Literal["shipped", "searched"] = Field(
        "shipped", description="shipped: config/methods/classifiers/{dataset}_{architecture}.yaml; searched: by this workflow"
    )
    search: Search = Field(default_factory=Search, description="hyper-parameter search")
    lira: Annotated[dict[Name, Lira], Removable] = Field(
        default_factory=lambda: {"digits": Lira(limit=900)}, description="U-LiRA, for the data sets named here"
    )
    draws: int = Field(5, ge=2, le=1000, description="fresh draws of what is random in the data (`snakemake deepunlearn_draws`)")
    timing_repeats: int = Field(3, ge=1, le=1000, description="runs per method of which the median is the run time")
    demo_architecture: Name = Field("mlp", description="what `demo` runs: this architecture on the first data set")

    @model_validator(mode="after")
    def _names_exist(self, info: ValidationInfo) -> DeepUnlearn:
        names = names_in(info)
        for name, entry in self.datasets.items():
            if names:
                where = f"deepunlearn.datasets.{name}.provider" if entry.provider else "deepunlearn.datasets"
                check_known(where, entry.provider or name, names.datasets)
                for architecture in entry.architectures:
                    check_known(f"deepunlearn.datasets.{name}.architectures", architecture, names.architectures)
                for method in entry.methods:
                    check_known(f"deepunlearn.datasets.{name}.methods", method, names.classifier_methods)
            if entry.source == "fetch" and ((entry.provider or name) not in FETCHABLE or entry.folder):
                raise ValueError(f"deepunlearn.datasets.{name}: source fetch is for {', '.join(FETCHABLE)}, without a folder")
            for seed in self.search.seeds:
                if (seed in range(entry.seeds)) != (self.search.protocol == "published"):
                    raise ValueError(
                        f"deepunlearn.search.seeds: {seed} with protocol {self.search.protocol} and {entry.seeds} reported seeds "
                        f"of {name}: `published` tunes on reported seeds, `held_out` on others"
                    )
            self._check_other(name, entry)
        for name, lira in self.lira.items():
            check_known("deepunlearn.lira", name, list(self.datasets))
            for architecture in lira.architectures:
                check_known(f"deepunlearn.lira.{name}.architectures", architecture, self.datasets[name].architectures)
            for method in lira.methods:
                check_known(f"deepunlearn.lira.{name}.methods", method, self.datasets[name].methods)
        first = next(iter(self.datasets.values()))
        check_known("deepunlearn.demo_architecture", self.demo_architecture, first.architectures)
        return self

    def _check_other(self, name: str, entry: Classification) -> None:
        """The data set whose U-LiRA models choose the forget set has them, for the same images under the same labels."""
        if not entry.scored_on:
            return
        where = f"deepunlearn.datasets.{name}.scored_on"
        check_known(where, entry.scored_on, list(self.lira))
        other = self.datasets.get(entry.scored_on)
        if other is None or other.scored_on:
            raise ValueError(f"{where}: '{entry.scored_on}' is no data set with a forget set of its own")
        for key in ("limit", "label_noise", "draw"):
            if getattr(entry, key) != getattr(other, key):
                raise ValueError(
                    f"{where}: {key} is {getattr(entry, key)} here and {getattr(other, key)} there; images and labels must be the same"
                )
        if (entry.provider or name) != (other.provider or entry.scored_on):
            raise ValueError(f"{where}: '{entry.scored_on}' holds images of another data set")
        if self.lira[entry.scored_on].limit:
            raise ValueError(f"{where}: deepunlearn.lira.{entry.scored_on}.limit leaves images without a score; allowed: 0")
