"""A whole configuration: its sections fit together, and every name in it exists."""

from __future__ import annotations

from pydantic import ValidationInfo, model_validator

from lethe.settings.contradictions import contradictions
from lethe.settings.names import names_in
from lethe.settings.sections import Sections
from lethe.settings.strict import check_known

PUBLISHED_METRICS = ("clip", "brisque", "rmse", "ssim", "dino")  # behind the 51 columns per entity
JUDGE = "judge"  # the classifier behind the tables of I-CARE


class Settings(Sections):
    """Everything that can be configured."""

    @model_validator(mode="after")
    def _names_exist(self, info: ValidationInfo) -> Settings:
        if names := names_in(info):
            methods_known = [*names.methods, *self.external]
            if clash := [name for name in self.external if name in names.methods]:
                raise ValueError(
                    f"external.{clash[0]}: '{clash[0]}' is a method of Lethe; allowed: another name, e.g. {clash[0]}_authors"
                )
            named = [
                ("methods", self.methods),
                ("similarity.weights", self.similarity.weights),
                ("checkpoints", list(self.checkpoints)),
            ]
            for key, methods in named:
                for method in methods:
                    check_known(key, method, methods_known)
            for name, task in self.tasks.items():
                check_known(f"tasks.{name}.source", task.source, names.sources)
                for method in task.methods or []:
                    check_known(f"tasks.{name}.methods", method, methods_known)
                for metric in task.metrics or []:
                    check_known(f"tasks.{name}.metrics", metric, [*names.metrics, *self.classifiers_of(name)])
            for metric in self.scoring.metrics:
                check_known("scoring.metrics", metric, names.metrics)
        for name in self.demo_tasks:
            check_known("demo_tasks", name, list(self.tasks))
        for name, task in self.tasks.items():
            check_known(f"tasks.{name}.base", task.base, list(self.bases))
        for key, metrics in [
            ("scoring.metrics", self.scoring.metrics),
            *((f"tasks.{name}.metrics", self.metrics_of(name)) for name in self.entity_tasks if self.tasks[name].metrics),
        ]:
            if missing := [name for name in PUBLISHED_METRICS if name not in metrics]:
                raise ValueError(
                    f"{key}: '{missing[0]}' is missing; the published statistics per entity need {PUBLISHED_METRICS}"
                )
        for name in self.tasks:
            key = f"tasks.{name}.metrics" if self.tasks[name].metrics else "scoring.metrics"
            if JUDGE in self.metrics_of(name) and JUDGE not in self.classifiers_of(name):
                raise ValueError(f"{key}: 'judge' needs evaluators.judge")
            if "lpips_alex" in self.metrics_of(name) and not self.scoring.lpips_alex:
                raise ValueError(f"{key}: 'lpips_alex' needs scoring.lpips_alex, the folder with its weights")
        for name, evaluator in self.evaluators.items():
            metric = self.metric_of(name)
            if names and evaluator.classifies and metric in names.quantities and metric != JUDGE:
                raise ValueError(
                    f"evaluators.{name}: the metric '{metric}' is no classifier; allowed: judge, or a name that no metric has"
                )
            for task_name in evaluator.tasks:
                check_known(f"evaluators.{name}.tasks", task_name, list(self.tasks))
        return self

    @model_validator(mode="after")
    def _no_contradictions(self, info: ValidationInfo) -> Settings:
        if found := contradictions(self, names_in(info)):
            raise ValueError("\n  - ".join(found))
        return self
