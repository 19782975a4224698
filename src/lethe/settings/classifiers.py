"""What jobs of Deep Unlearn read: how classifiers are trained, searched for and attacked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lethe.settings.strict import Name, Strict

Objective = Literal["retrained", "published"]
LIRA_METHODS = ["ft", "srl", "ngplus", "euk", "msg", "cfw", "prmq", "ct", "kde", "bt", "salun", "scrub"]


ForgetSet = Literal["random", "memorised", "hardest", "class", "subclass"]


class Selection(Strict):
    """Which images of a data set a study uses, how they are labelled, and which of them are to be forgotten."""

    provider: str = Field("", description="which data set of lethe.classifiers; empty: the key itself")
    limit: int = Field(0, ge=0, le=10**9, description="images of the development part and of the test part, each at most; 0: all")
    train_size: int = Field(0, ge=0, le=10**9, description="images of the training set, after validation was taken; 0: all")
    label_noise: float = Field(0.0, ge=0, lt=1, description="share of labels that are replaced by another class, in all parts")
    val_share: float = Field(0.15, gt=0, lt=1, description="of the development part, for validation")
    forget_share: float = Field(0.10, gt=0, lt=1, description="of the training set, to be forgotten; not used for classes")
    forget_set: ForgetSet = Field(
        "random",
        description="random: drawn; memorised, hardest: by U-LiRA's models of another data set; class: all of `forget_class`; "
        "subclass: its smallest cluster",
    )
    forget_class: int | None = Field(None, ge=0, lt=10**6, description="class and subclass only: number of the class")
    scored_on: str = Field(
        "", description="memorised and hardest only: key of the data set, of the same images and labels, whose U-LiRA models tell"
    )
    draw: int = Field(
        0, ge=0, lt=10**6, description="of label noise, training subset and random forget set; others are fresh draws"
    )

    @field_validator("forget_class")
    @classmethod
    def _of_class(cls, value: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("forget_set")
        if (kind in ("class", "subclass")) != (value is not None):
            raise ValueError(
                f"forget_class is {value} with forget_set {kind}; allowed: a number for class and subclass, else null"
            )
        return value

    @field_validator("scored_on")
    @classmethod
    def _of_other(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("forget_set")
        if (kind in ("memorised", "hardest")) != bool(value):
            raise ValueError(
                f"scored_on is '{value}' with forget_set {kind}; allowed: a data set for memorised and hardest, else empty"
            )
        return value


Precision = Literal["auto", "float32", "bfloat16"]


class BaseTraining(Strict):
    """How original and retrained models are trained: cross-entropy, SGD, cosine annealing per epoch."""

    epochs: int = Field(60, ge=1, le=100_000, description="passes over the training set")
    batch_size: int = Field(32, ge=1, le=100_000, description="images per step")
    learning_rate: float = Field(0.05, gt=0, le=100, description="at the start")
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD")
    weight_decay: float = Field(5e-4, ge=0, le=1, description="of SGD")
    precision: Precision = Field(
        "auto",
        description="of passes in base training; auto: bfloat16 on a GPU for resnet18, resnet18_cifar and tinyvit, else float32",
    )
    together: int = Field(
        1,
        ge=1,
        le=1000,
        description="models of resnet18, resnet18_cifar or tinyvit in one call of every layer, for a GPU that one does not fill; "
        "a killed job makes as many again",
    )
    compile: bool = Field(
        False, description="compile the passes of base training (torch.compile), for a GPU; needs a C++ compiler"
    )


LOT = 4  # times the models that an architecture trains at once: how many of a search are in memory


class Search(Strict):
    """How hyper-parameters are searched (`snakemake deepunlearn_search`)."""

    protocol: Literal["held_out", "published"] = Field(
        "held_out", description="held_out: on a forget set that is not reported; published: on the reported one"
    )
    objective: Objective = Field(
        "retrained",
        description="retrained: the attack is to do as well as on the retrained model; published: no better than a coin",
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


class LiraDesign(Strict):
    """Which models U-LiRA is made of: all that decides what one of them says, but for its method."""

    splits: int = Field(64, ge=4, le=100_000, description="random halves of the data, one original model each")
    forget_sets: int = Field(4, ge=1, le=100_000, description="forget sets per split, one retrained and one unlearned model each")
    limit: int = Field(
        0, ge=0, le=10**9, description="images that its halves are drawn from, the first of a pinned order; 0: all"
    )
    epochs: int = Field(60, ge=1, le=100_000, description="of base training; the rest as in `training`")
    init: Literal["shared", "own"] = Field(
        "shared", description="initial weights, shared: the same for all models, as published; own: of a seed each"
    )


class LiraSearch(Strict):
    """A hyper-parameter search for U-LiRA alone; what is not said here is as in `deepunlearn.search`, protocol held_out."""

    splits: int = Field(0, ge=0, le=100_000, description="the first of U-LiRA's splits, one tuning model each; 0: half of them")
    trials: int = Field(200, ge=1, le=100_000, description="per method and split")


class Lira(LiraDesign):
    """Per-sample membership inference from many models, U-LiRA."""

    architectures: list[Name] = Field(default_factory=list, description="of the data set; empty: all of them")
    methods: list[Name] = Field(default=LIRA_METHODS, min_length=1, description="besides original and retrained")
    models_per_job: int = Field(
        0, ge=0, le=10**6, description="original and retrained models that a job trains, whole splits; 0: chosen by their size"
    )
    search: LiraSearch | None = Field(None, description="a search of its own, whose results are used; null: as everywhere")

    @model_validator(mode="after")
    def _whole_splits(self) -> Lira:
        models = 1 + self.forget_sets
        if 0 < self.models_per_job < models:
            raise ValueError(
                f"models_per_job is {self.models_per_job}, but a split has {models} models, which share a job; allowed: 0, {models} or more"
            )
        if self.search is not None and self.search.splits > self.splits:
            raise ValueError(f"search.splits is {self.search.splits}; allowed: 0 to {self.splits}, the splits that there are")
        return self
