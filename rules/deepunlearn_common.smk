"""Functions of Deep Unlearn, no rules: what rules/common.smk is to I-CARE."""

from lethe.deepunlearn import ARCHITECTURES, PROVIDERS, only_fine_tunes
from lethe.deepunlearn import METHODS as CLASSIFIER_METHODS
from lethe.deepunlearn.hyperparameters import shipped
from lethe.settings.errors import SettingsError
from lethe.settings.paths import check_exists

from functools import lru_cache


def classification_settings(wildcards):
    """The settings of the wildcard's data set, as plain data."""
    return plan.settings.deepunlearn.datasets[wildcards.dataset].model_dump()


def fetched_files(wildcards):
    """The folder of the data set's files, where a rule downloads them.

    A folder that is configured and not there stops the plan, named by its key. What is to be put into data/ by hand may be missing in a
    dry run, which is how somebody looks at a plan before there are data.
    """
    data = plan.settings.deepunlearn.datasets[wildcards.dataset]
    by_hand = workflow.dryrun and Path(data.folder).parts[:1] == ("data",)
    if data.folder and not by_hand:
        stated(check_exists, f"deepunlearn.datasets.{wildcards.dataset}.folder", data.folder)
    return [f"<results>/deepunlearn/{wildcards.dataset}/files"] if data.source == "fetch" else []


def base_training(wildcards):
    """How models of the wildcard's data set are trained, as plain data."""
    return plan.settings.deepunlearn.datasets[wildcards.dataset].training.model_dump()


def base_epochs(wildcards):
    """Epochs of that training."""
    return plan.settings.deepunlearn.datasets[wildcards.dataset].training.epochs


def model_seeds(wildcards):
    """Seeds of the models of the wildcard's data set."""
    return list(range(plan.settings.deepunlearn.datasets[wildcards.dataset].seeds))


def memory_of_study(wildcards):
    """MB that a job needs that holds a data set as network input: 14 GB for UTKFace at 224 pixels, under 4 for the others."""
    return 48000 if wildcards.dataset == "utkface" else 4000


def lira_settings(wildcards):
    """The U-LiRA settings of the wildcard's data set, as plain data."""
    return plan.settings.deepunlearn.lira[wildcards.dataset].model_dump()


def methods_of_study(wildcards):
    """Methods of the wildcard's data set."""
    return plan.settings.deepunlearn.datasets[wildcards.dataset].methods


def study_files(wildcards, pattern, methods=None):
    """`pattern` with the wildcards' data set and architecture, for each of its methods."""
    names = methods_of_study(wildcards) if methods is None else methods
    folder = f"<results>/deepunlearn/{wildcards.dataset}/{wildcards.architecture}"
    return [f"{folder}/{pattern.format(unlearner=name)}" for name in names]


def unlearned_of_study(wildcards):
    """The models of every method."""
    return study_files(wildcards, "unlearned/{unlearner}.safetensors")


def searches_of_study(wildcards):
    """What the search of every method found."""
    return study_files(wildcards, "search/{unlearner}.json")


def lira_outputs(wildcards):
    """What the U-LiRA models of every method, of the originals and of the retrained say about every sample."""
    lira = plan.settings.deepunlearn.lira[wildcards.dataset]
    methods = [name for name in lira.methods if not only_fine_tunes(name, wildcards.architecture)]
    return study_files(wildcards, "lira/{unlearner}.safetensors", ["original", "retrained", *methods])


def tuned_models(wildcards, role):
    """The models that a search runs on: of its own, or as published the reported ones."""
    folder = "tuning/" if plan.settings.deepunlearn.search.protocol == "held_out" else ""
    return f"<results>/deepunlearn/{wildcards.dataset}/{wildcards.architecture}/{folder}{role}.safetensors"


def tuned_original(wildcards):
    """The models that a search lets forget."""
    return tuned_models(wildcards, "original")


def tuned_retrained(wildcards):
    """The models that a search compares with."""
    return tuned_models(wildcards, "retrained")


def searched():
    """Whether hyper-parameters come from the searches of this workflow."""
    return plan.settings.deepunlearn.hyperparameters == "searched"


def found_file(wildcards):
    """The result of the search of the wildcards' method, where it is used."""
    return study_files(wildcards, "search/{unlearner}.json", [wildcards.unlearner])[0] if searched() else []


def found_files_of_study(wildcards):
    """The results of all searches, where they are used."""
    return searches_of_study(wildcards) if searched() else []


@lru_cache(maxsize=None)
def shipped_study(dataset, architecture):
    """Method -> hyper-parameters kept in config/deepunlearn."""
    try:
        return shipped(plan.root / "config/deepunlearn", dataset, architecture)
    except SettingsError as error:
        raise WorkflowError(str(error)) from None


def found_values(wildcards):
    """What is kept for the wildcards' method; nothing where searches are used."""
    return None if searched() else shipped_value(wildcards, wildcards.unlearner)


def found_of_study(wildcards):
    """Method -> what is kept for it; nothing where searches are used."""
    return {} if searched() else {name: shipped_value(wildcards, name) for name in methods_of_study(wildcards)}


def shipped_value(wildcards, method):
    """The kept hyper-parameters of one method, as plain data."""
    found = shipped_study(wildcards.dataset, wildcards.architecture)
    if method not in found:
        raise WorkflowError(f"config/deepunlearn/{wildcards.dataset}_{wildcards.architecture}.yaml: no method '{method}'")
    return found[method].model_dump()


def data_code(wildcards):
    """Fingerprint of the code behind a data set."""
    return fingerprint("lethe.deepunlearn.data.prepare", PROVIDERS.module_of(wildcards.dataset))


def architecture_code(wildcards, *modules):
    """Fingerprint of base training, the wildcard's architecture and `modules`."""
    found = [PROVIDERS.module_of(wildcards.dataset), ARCHITECTURES.module_of(wildcards.architecture)]
    return fingerprint("lethe.deepunlearn.experiment", *found, *modules)


def unlearner_code(wildcards):
    """Fingerprint of a method."""
    return architecture_code(wildcards, CLASSIFIER_METHODS.module_of(wildcards.unlearner))


def scores_code(wildcards):
    """Fingerprint of scoring."""
    return architecture_code(wildcards, "lethe.deepunlearn.evaluation")


def search_code(wildcards):
    """Fingerprint of a method and of its search."""
    return architecture_code(wildcards, "lethe.deepunlearn.search", CLASSIFIER_METHODS.module_of(wildcards.unlearner))


def times_code(wildcards):
    """Fingerprint of every method of a study and of the stopwatch."""
    methods = [CLASSIFIER_METHODS.module_of(name) for name in methods_of_study(wildcards)]
    return architecture_code(wildcards, "lethe.deepunlearn.timing", *methods)


def lira_code(wildcards):
    """Fingerprint of the U-LiRA models."""
    return architecture_code(wildcards, "lethe.deepunlearn.lira")


def lira_unlearner_code(wildcards):
    """Fingerprint of the U-LiRA models of a method."""
    return architecture_code(wildcards, "lethe.deepunlearn.lira", CLASSIFIER_METHODS.module_of(wildcards.unlearner))


def lira_scores_code(wildcards):
    """Fingerprint of the U-LiRA scores."""
    return fingerprint("lethe.deepunlearn.lira", "lethe.deepunlearn.ulira")


def studies(datasets):
    """(data set, architecture) of some data sets."""
    return [(name, architecture) for name in datasets for architecture in plan.settings.deepunlearn.datasets[name].architectures]


def demo_studies():
    """The one that `demo` runs."""
    return [(next(iter(plan.settings.deepunlearn.datasets)), plan.settings.deepunlearn.demo_architecture)]


def attacked(dataset, architecture):
    """Whether U-LiRA is asked for."""
    lira = plan.settings.deepunlearn.lira.get(dataset)
    return lira is not None and (not lira.architectures or architecture in lira.architectures)


def deepunlearn_products(pairs):
    """Everything that some (data set, architecture) lead to."""
    stems = []
    for dataset, architecture in pairs:
        study = f"{dataset}_{architecture}"
        stems += [f"tables/deepunlearn_{study}.csv"]
        stems += [f"figures/deepunlearn_{kind}_{study}.png" for kind in ("gaps", "retdev_indisc", "runtime")]
        if (plan.root / f"config/reference/deepunlearn_{study}.csv").is_file():
            stems.append(f"tables/deepunlearn_ledger_{study}.csv")
        if attacked(dataset, architecture):
            stems += [f"tables/deepunlearn_gates_{study}.json", f"figures/deepunlearn_lira_roc_{study}.png"]
    return expand("<results>/{stem}", stem=stems)
