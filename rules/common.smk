"""Functions only, no rules: configuration to lists, wildcards to files. They read SETTINGS, which the Snakefile validates first."""

import os
import sys
from functools import lru_cache
from pathlib import Path

CORES = workflow.resource_settings.cores or 1  # of a local run; a run on a cluster has no such number, its profile sets threads
ROOT = Path(os.path.relpath(workflow.basedir))  # of this checkout; "." unless Snakemake runs with --directory
sys.path.insert(0, str(Path(workflow.basedir) / "src"))  # the package of this checkout, installed or not

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import update_config

from lethe.diffusion.folder import at_hand, check_folder
from lethe.diffusion.supported import NOISE, check_sampling, prediction_of
from lethe.fingerprint import fingerprint, recall
from lethe.forked import INSIDE, fork_scripts, imported_by
from lethe.interference.templates import TEMPLATES
from lethe.io.lock import hold_run_lock, other_runs
from lethe.io.readonly import folder_of_links, writable
from lethe.io.tables import CorruptFileError, read_yaml
from lethe.io.work import sweep
from lethe.memory import need
from lethe.metrics import modules_of
from lethe.metrics.base import SPECS
from lethe.parent import announce_parent
from lethe.plots.templates import PLOTS
from lethe.pretraining.architectures import tokenizer_config
from lethe.records import INDEX, METHOD, NAME, ModelId
from lethe.registry import nearest
from lethe.settings import SettingsError, load_settings
from lethe.settings.downloads import RemoteFile, load_downloads
from lethe.settings.load import typed
from lethe.settings.methods import load_method
from lethe.settings.paths import check_exists, check_source
from lethe.unlearners import UNLEARNERS, reason_against

LINKS = None
if workflow.is_main_process and not writable("."):
    print("this folder cannot be written: planned in a folder of links to it, and nothing is kept", file=sys.stderr)
    LINKS = folder_of_links(".")  # kept until the process ends

    workdir: LINKS.name


recall(".snakemake/fingerprints.json")
DOWNLOADS = load_downloads(ROOT / "config/downloads.yaml")
BY_HAND = {name for name, entry in DOWNLOADS.items() if not entry.urls or Path("data", name).exists()}  # the others are fetched
ANALYSES = ["data_preparation", "data_exploration", "interference", "statistics"]  # notebooks that every task has
TUTORIALS = {"tutorial_fade": "people", "tutorial_uce": "objects", "tutorial_munba": "scenes"}  # notebook -> its task


def refuse_faults(check, *arguments):
    """What `check` returns; a fault of the configuration or of a file is one clear message, not a traceback."""
    try:
        return check(*arguments)
    except (SettingsError, CorruptFileError) as error:
        raise WorkflowError(str(error)) from None


def validated(config):
    """The settings of a merged configuration, whose overlays are read once more: Snakemake keeps the last of a key given twice."""
    for file in workflow.overwrite_configfiles if workflow.is_main_process else ():
        refuse_faults(read_yaml, file)
    nested = {key: typed(value) for key, value in workflow.config_settings.config.items() if isinstance(value, dict | list)}
    update_config(config, nested)
    return refuse_faults(load_settings, config)


def one_of(names):
    """A wildcard constraint: exactly one of these names."""
    return f"(?:{'|'.join(map(re.escape, names)) or '(?!)'})"


def from_source(entries, *sources):
    """The names of bases or evaluators that come from one of `sources`."""
    return [name for name, entry in entries.items() if entry.source in sources]


def start_run():
    """Hold the lock of the working directory; say what is safe where another run is at work there."""
    handle = hold_run_lock()  # the same command goes on after a kill -9
    if handle and (others := other_runs(handle)) and not workflow.dryrun:
        safe = f"another run is at work here ({', '.join(others)}): wait for it, or stop it with Ctrl-C in its terminal"
        if "--unlock" in sys.argv:
            raise WorkflowError(f"--unlock: {safe}; what dead runs left is taken away by itself, so this is never needed")
        logger.warning(f"{safe}. If the directory cannot be locked, it is for that reason: do not use --unlock.")
    return handle


def pretrained_bases(local):
    """The names of the pretrained bases that are folders of one's own, or of those on the hub."""
    return [name for name in from_source(SETTINGS.bases, "pretrained") if bool(SETTINGS.bases[name].folder) == local]


def refuse_unwritable():
    """Stop a run, as against a plan, in a folder that cannot be written."""
    if LINKS is not None:
        raise WorkflowError(
            f"{workflow.basedir} or .snakemake in it cannot be written; --directory FOLDER puts results elsewhere"
        )


def refuse_job_arrays():
    """Stop a run that would lose work: a task of a Slurm job array deletes another task's outputs when it fails.

    snakemake-executor-plugin-slurm 2.8.0 lets every task answer for the outputs of the array's first job (its issue 447), and never
    sends an array of which a limit holds a part back (473). tests/slurm met both.
    """
    if getattr(workflow.executor_settings, "array_jobs", None):
        raise WorkflowError("slurm-array-jobs: job arrays of the Slurm plugin lose finished work (docs/slurm.md); leave it out")


# --- which models exist -------------------------------------------------------------------------------------------


@lru_cache(maxsize=None)
def method_settings(task, method):
    """Hyper-parameters, epochs and display name of a method on a task."""
    return refuse_faults(load_method, method, SETTINGS.hyperparameters, task, ROOT / "config/methods")


def emitters(task, method):
    """Indices of the entities that `method` unlearns: all, or for `retrain` those with a reference."""
    if method == "retrain":
        return SETTINGS.tasks[task].retrain_emitters
    return range(SETTINGS.tasks[task].entities)


def runs(task, methods=None):
    """Names of all unlearned models of a task, e.g. people_000_uce_000."""
    return [
        ModelId(task, index, method, method_settings(task, method).epochs).name
        for method in methods or METHODS
        for index in emitters(task, method)
    ]


def grouped(method):
    """Whether ten models of the method share a job; a retrained model has a job of its own."""
    return method != "retrain"


def grouped_methods():
    """Methods whose models share jobs: those of the world, and published variants that run beside them (rules/fidelity.smk)."""
    return [method for method in RUN_METHODS if grouped(method)]


def no_membership(task):
    """Why a task has no table of membership inference; empty if it has one."""
    settings = SETTINGS.tasks[task]
    trained_here = SETTINGS.bases[settings.base].source != "pretrained"
    reason = SETTINGS.scoring.membership.reason_against(settings.source, trained_here)
    if not reason and (prediction := prediction_at_hand(settings.base)) not in ("", NOISE):
        reason = f"the base '{settings.base}' has the prediction_type '{prediction}', and the attack takes the loss of the noise ('{NOISE}')"
    return reason


# --- inputs -------------------------------------------------------------------------------------------------------


def part(name, source):
    """A trained checkpoint and its record: shipped with the repository or trained by this workflow."""
    folder = ROOT / "assets/mini" if source == "prebuilt" else "<results>/parts"
    return [f"{folder}/{name}.safetensors", f"{folder}/{name}.json"]


def base_parts(wildcards):
    """What a base's pipeline folder is put together from."""
    source = SETTINGS.bases[wildcards.base].source
    return {
        "vae": part("vae", source),
        "weights": part(f"base_{wildcards.base}", source),
        "tokenizer": part("tokenizer", source)[1],
    }


def evaluator_parts(wildcards):
    """What an evaluator's folder is put together from."""
    source = SETTINGS.evaluators[wildcards.evaluator].source
    return {"weights": part(wildcards.evaluator, source), "tokenizer": part("tokenizer", source)[1]}


def base_of(wildcards):
    """The pipeline folder of the base that a task unlearns."""
    return f"<results>/base/{SETTINGS.tasks[wildcards.task].base}"


def files_of_base(name):
    """Where the files of a pretrained base can be read already: its own folder or its finished copy; None before it is fetched."""
    entry = SETTINGS.bases[name]
    return at_hand(entry.folder, f"results/{SETTINGS.world}/base/{name}", {"path": entry.path, "revision": entry.revision})


def base_given(wildcards):
    """No file, but what is wrong with a base of one's own, as far as its files tell."""
    key, folder = f"bases.{wildcards.base}.path", files_of_base(wildcards.base)
    refuse_faults(check_exists, key, folder)
    try:
        check_folder(folder)
        check_sampling(folder, SETTINGS.generation.scheduler, SETTINGS.generation.size)
    except (OSError, ValueError) as error:
        raise WorkflowError(f"{key}: {error}") from None
    return []


def prediction_at_hand(name):
    """What a pretrained base predicts (`prediction_type`); empty before its files are at hand."""
    folder = files_of_base(name)
    try:
        return prediction_of(folder) if folder and (folder / "scheduler/scheduler_config.json").is_file() else ""
    except (OSError, ValueError) as error:
        raise WorkflowError(f"bases.{name}.path: {error}") from None


def base_for_method(wildcards):
    """The base of a task, if the method can unlearn it; for another one the reason why not."""
    name = SETTINGS.tasks[wildcards.task].base
    if reason := reason_against(wildcards.method, prediction_at_hand(name)):
        raise WorkflowError(f"tasks.{wildcards.task}.base: '{name}': {reason}")
    return base_of(wildcards)


def tokenizer_at_hand(wildcards):
    """The tokenizer of a task's base, where it is a file before the base is trained or fetched: not of one on the hub."""
    base = SETTINGS.bases[SETTINGS.tasks[wildcards.task].base]
    if base.source != "pretrained":
        return [part("tokenizer", base.source)[1]]
    folder = base.folder / "tokenizer" if base.folder else None
    return sorted(str(file) for file in folder.iterdir() if file.is_file()) if folder and folder.is_dir() else []


def kind_files(wildcards):
    """The similarities of the wildcard's task that belong to its base, in the order of their kinds."""
    return expand("<results>/similarity_{kind}_{task}.json", kind=SETTINGS.similarity.kinds, task=wildcards.task)


def first_split(wildcards):
    """The forget and the retain list of the first entity of the wildcard's task."""
    folder = f"<results>/datasets/splits_{wildcards.task}/000"
    return {name: f"{folder}/train_{name}/metadata.jsonl" for name in ("forget", "retain")}


def base_of_tutorial(wildcards):
    """The pipeline folder of the task of a tutorial."""
    return f"<results>/base/{SETTINGS.tasks[TUTORIALS[wildcards.tutorial]].base}"


def latents_of_tutorial(wildcards):
    """The latents of the training images of the task of a tutorial."""
    return f"<results>/latents/{TUTORIALS[wildcards.tutorial]}.safetensors"


def metadata_of_tutorial(wildcards):
    """The entities of the task of a tutorial."""
    return f"<results>/metadata_{TUTORIALS[wildcards.tutorial]}_2_enriched_filtered.json"


def tasks_on(base):
    """The tasks that unlearn a base."""
    return [name for name, task in SETTINGS.tasks.items() if task.base == base]


def sources_of_base(wildcards):
    """Source images that a base is trained on."""
    return source_files(tasks_on(wildcards.base))


def sources_of_task_base(wildcards):
    """Source images that the base of a task is trained on."""
    return source_files(tasks_on(SETTINGS.tasks[wildcards.task].base))


def trained_parts():
    """Every checkpoint of the mini world and its record."""
    names = ["vae", *SETTINGS.evaluators, *[f"base_{base}" for base in SETTINGS.bases]]
    names += [f"retrain_{name}_{index:03d}" for name, task in SETTINGS.tasks.items() for index in task.retrain_emitters]
    return expand("<results>/parts/{name}.{suffix}", name=names, suffix=["safetensors", "json"]) + [
        "<results>/parts/tokenizer.json"
    ]


def source_files(tasks):
    """Shards, indices and records of sources."""
    return expand("<results>/sources/{task}.{suffix}", task=tasks, suffix=["tar", "parquet", "json"])


def source_inputs(wildcards):
    """Files and folders that the source of a task reads; what is not there and no rule makes stops the plan, named by its key."""
    task = SETTINGS.tasks[wildcards.task]
    made = [f"resources/{folder}/{name}" for name in DOWNLOADS for folder in ("downloads", "unpacked")]
    refuse_faults(check_source, wildcards.task, task, made)
    return task.source_options.inputs()


def published_names(wildcards):
    """The published entities of a task in index order."""
    return ROOT / f"config/reference/entities_{wildcards.task}.csv"


def published_list(wildcards):
    """The published entities, if they are the ones that are used."""
    return published_names(wildcards) if SETTINGS.tasks[wildcards.task].selection == "published" else []


def file_in_data(wildcards):
    """The file that was put into data/ by hand, if it is there."""
    place = Path("data", wildcards.file)
    return place if place.exists() else []


def archives():
    """Names of the downloads that are unpacked."""
    return [name for name, entry in DOWNLOADS.items() if entry.kind in ("tar.gz", "zip")]


def forget_lists(wildcards):
    """The forget list of every entity of a task: together, all training images."""
    indices = range(SETTINGS.tasks[wildcards.task].entities)
    return [f"<results>/datasets/splits_{wildcards.task}/{index:03d}/train_forget/metadata.jsonl" for index in indices]


def base_with_members(wildcards):
    """The base of a task whose members and non-members are known; for another task the reason why there are none."""
    if reason := no_membership(wildcards.task):
        raise WorkflowError(f"tables/membership_{wildcards.task}.csv: {reason}")
    return base_of(wildcards)


def shown_lists(wildcards):
    """The forget lists, where members are the images that the methods were shown."""
    return forget_lists(wildcards) if SETTINGS.scoring.membership.members == "unlearning" else []


def membership_losses(wildcards):
    """Losses of members and non-members under every model of a task."""
    return expand("<results>/membership/{run}.parquet", run=runs(wildcards.task))


def retrain_part(wildcards):
    """The weights of a base trained without an entity, and their record."""
    return part(f"retrain_{wildcards.task}_{wildcards.index}", SETTINGS.bases[SETTINGS.tasks[wildcards.task].base].source)


def lpips_weights(wildcards):
    """Files of the weights that the metric `lpips_alex` reads; the job says which one is missing and where it is published."""
    folder = SETTINGS.scoring.lpips_alex
    if not folder:
        return []
    refuse_faults(check_exists, "scoring.lpips_alex", folder)
    return sorted(str(file) for file in Path(folder).iterdir() if file.is_file())


def methods_with_models(task):
    """The methods that unlearn an entity of a task; `retrain` does so for some tasks only."""
    return [method for method in METHODS if runs(task, [method])]


def scores_of_method(wildcards):
    """Scores of every model of a task and method."""
    return expand("<results>/scores/{run}.parquet", run=runs(wildcards.task, [wildcards.method]))


def embeddings_of_method(wildcards):
    """Embeddings of the on images of every model of a task and method."""
    return expand("<results>/scores/{run}_embeddings.npz", run=runs(wildcards.task, [wildcards.method]))


def tables_of_methods(name, ending):
    """An input function: a table of every method that has models of the task."""

    def files(wildcards):
        methods = methods_with_models(wildcards.task)
        return expand(
            "<results>/by_method/{name}_{task}_{method}.{ending}", name=name, task=wildcards.task, method=methods, ending=ending
        )

    return files


def embeddings_of_task(wildcards):
    """Embeddings of the on images of every model of a task."""
    return expand("<results>/scores/{run}_embeddings.npz", run=runs(wildcards.task))


def scores_of_tens(wildcards):
    """Scores of ten models, from numbers without leading zeros."""
    first = 10 * int(wildcards.tens or 0)
    models = [ModelId(wildcards.task, first + unit, wildcards.method, int(wildcards.plain_epochs)) for unit in range(10)]
    return [f"<results>/scores/{model.name}.parquet" for model in models]


def scores_of_retrained(wildcards):
    """Scores of one retrained model, from numbers without leading zeros."""
    model = ModelId(wildcards.task, int(wildcards.plain_index), "retrain", int(wildcards.plain_epochs))
    return [f"<results>/scores/{model.name}.parquet"]


def models_of(task, method):
    """Every model of a task and method."""
    return [ModelId.parse(name) for name in runs(task, [method])]


def interference_file(model):
    """The published name of one emitter's interference file."""
    return f"<results>/datasets/interferences_caused_by_{model.task}_{model.index}_{model.method}_{model.epochs}.json"


def grid_shards(wildcards):
    """The images of one emitter under the base and under every method that unlearned it."""
    methods = [method for method in METHODS if int(wildcards.index) in emitters(wildcards.task, method)]
    names = [f"{wildcards.task}_{wildcards.index}_{m}_{method_settings(wildcards.task, m).epochs:03d}" for m in methods]
    return {
        "off_tar": f"<results>/datasets/generated_{wildcards.task}_baseline.tar",
        "off_index": f"<results>/datasets/generated_{wildcards.task}_baseline.parquet",
        "on_tars": expand("<results>/datasets/generated_{run}.tar", run=names),
        "on_indices": expand("<results>/datasets/generated_{run}.parquet", run=names),
    }


def template_inputs(wildcards):
    """The finished files that a result reads; a result that this world cannot make is one message."""
    from lethe.interference.templates.files import files_of

    template, parameters = template_request(wildcards)
    files = files_of(template, parameters, models_of, by_method=SETTINGS.archive.tables == "build")
    return {kind: [f"<results>/{name}" for name in names] for kind, names in files.items()}


def deltas_of(wildcards):
    """The deltas of every emitter of a method, in index order."""
    names = runs(wildcards.task, [wildcards.method])
    return [f"<results>/models/{name}/delta.safetensors" for name in names]


def similarities_of_task(wildcards):
    """Every similarity of a task: those of the base, and `weights` of each method whose deltas have one."""
    return [f"<results>/similarity_{name}_{wildcards.task}.json" for name in similarity_names()]


# --- parameters ---------------------------------------------------------------------------------------------------


def prompt_styles(tasks):
    """task -> how its prompts are made."""
    return {task: SETTINGS.tasks[task].prompt_style for task in tasks}


def styles_of_base(wildcards):
    """Prompt styles of the tasks that a base is trained on."""
    return prompt_styles(tasks_on(wildcards.base))


def styles_of_task_base(wildcards):
    """Prompt styles of the tasks that the base of a task is trained on."""
    return prompt_styles(tasks_on(SETTINGS.tasks[wildcards.task].base))


def evaluator_code(wildcards):
    """Fingerprint of the code that trains an evaluator."""
    return fingerprint(f"lethe.pretraining.{wildcards.evaluator}")


def base_settings(wildcards):
    """The settings of the wildcard's base, as plain data."""
    return SETTINGS.bases[wildcards.base].model_dump()


def evaluator_settings(wildcards):
    """The settings of the wildcard's evaluator, as plain data."""
    return SETTINGS.evaluators[wildcards.evaluator].model_dump()


def task_settings(wildcards):
    """The settings of the wildcard's task, as plain data."""
    return SETTINGS.tasks[wildcards.task].model_dump()


def tokenizer_settings(wildcards):
    """The configuration of the tokenizer of a task's base, where the base is put together here; a pretrained one has its own."""
    if SETTINGS.bases[SETTINGS.tasks[wildcards.task].base].source == "pretrained":
        return {}
    return tokenizer_config(SETTINGS.pretraining.tokenizer)


def task_values(*names, **others):
    """A params function: these settings of the wildcard's task, `task` its name, beside values that every task shares."""

    def values(wildcards):
        plain = SETTINGS.tasks[wildcards.task].model_dump(mode="json")  # papermill writes lists, but a tuple as text
        plain["task"] = wildcards.task
        return {name: plain[name] for name in names} | others

    return values


def hyperparameters(wildcards):
    """The hyper-parameters of the wildcards' method on their task."""
    return method_settings(wildcards.task, wildcards.method).parameters


def method_code(wildcards):
    """Fingerprint of the code behind the wildcard's method and of what every unlearning job uses."""
    return fingerprint("lethe.unlearners.run", UNLEARNERS.module_of(wildcards.method))


def source_code(wildcards):
    """Fingerprint of the code behind the wildcard task's source."""
    from lethe.sources import SOURCES

    return fingerprint("lethe.sources.pack", SOURCES.module_of(SETTINGS.tasks[wildcards.task].source))


def memory(job):
    """MB of main memory for a job that loads a base (lethe.memory); a profile may say otherwise."""
    return need(job, SETTINGS).host


def gpu_memory(job):
    """MB of GPU memory for such a job; 0 on the CPU."""
    return need(job, SETTINGS).gpu


def training_need(wildcards):
    """What a job of the wildcards' method needs; the rule of `retrain`, which trains nothing itself, has no such wildcard."""
    return need("unlearn", SETTINGS, hyperparameters(wildcards) if "method" in wildcards.keys() else {})


def training_memory(wildcards):
    """MB of main memory for a job of the wildcards' method."""
    return training_need(wildcards).host


def training_gpu_memory(wildcards):
    """MB of GPU memory for such a job."""
    return training_need(wildcards).gpu


def membership_code(wildcards):
    """Fingerprint of the code that chooses members and asks the base, and of the wildcard task's source."""
    from lethe.sources import SOURCES

    source = SOURCES.module_of(SETTINGS.tasks[wildcards.task].source)
    return fingerprint("lethe.metrics.membership", "lethe.testbed.members", "lethe.diffusion.latents", source)


def noise_identity(wildcards):
    """What captions and noise of membership inference depend on, beside the image."""
    return {
        "world": SETTINGS.world,
        "task": wildcards.task,
        "seed": SETTINGS.seed,
        "fidelity": SETTINGS.fidelity,
    }


def selection_code(wildcards):
    """Fingerprint of the code that compares selections, and of what the wildcard task's source says about balancing."""
    from lethe.sources import SOURCES

    return fingerprint(
        "lethe.testbed.selection", "lethe.testbed.balance", SOURCES.module_of(SETTINGS.tasks[wildcards.task].source)
    )


def download_settings(wildcards):
    """What the wildcard's file must be and where it is from, as plain data."""
    return DOWNLOADS[wildcards.file].model_dump(include=set(RemoteFile.model_fields))


def how_to_get(wildcards):
    """What somebody must do who does not have the wildcard's file."""
    entry = DOWNLOADS[wildcards.file]
    advice = entry.by_hand or f"fetch {entry.urls[0]}"
    return f"{advice} ({entry.source})"


def work_folder(rule_name):
    """A params function: where a job of `rule_name` keeps what it has finished, so that a killed one goes on."""

    def folder(wildcards):
        return f"results/{SETTINGS.world}/.work/{rule_name}/{'_'.join(wildcards)}"

    return folder


def template_request(wildcards):
    """The template of the wildcards and its parameters, checked against the settings."""
    from lethe.interference.templates.check import resolve  # half a second that other targets do not need

    try:
        return resolve(wildcards.template, wildcards.parameters, SETTINGS)
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def template_parameters(wildcards):
    """All parameters of a result, defaults included, so that a changed default reaches the result."""
    return template_request(wildcards)[1].model_dump()


def template_code(wildcards):
    """Fingerprint of the code behind a result: its computation and its picture."""
    return fingerprint(
        "lethe.plots.templates.figure", TEMPLATES.module_of(wildcards.template), PLOTS.module_of(wildcards.template)
    )


def similarity_names():
    """Kinds of similarity, `weights` once per method."""
    return [*SETTINGS.similarity.kinds, *(f"weights_{method}" for method in WEIGHT_METHODS)]


# --- products -----------------------------------------------------------------------------------------------------


def distribution_files(task):
    """The tables in which sets of images are compared; none where `scoring.distribution` is empty."""
    names = ("distribution", "distribution_summary") if SETTINGS.scoring.distribution else ()
    return [f"<results>/tables/{name}_{task}.csv" for name in names]


def table_files(tasks):
    """The tables of some tasks."""
    return expand(
        "<results>/{name}",
        name=[
            file
            for task in tasks
            for file in (
                f"pairs_{task}.parquet",
                f"images_{task}.parquet",
                f"interference_per_entity_{task}.json",
                f"noise_floor_{task}.json",
                f"tables/unlearning_{task}.csv",
                f"tables/similarity_{task}.csv",
                f"tables/gates_{task}.json",
                f"tables/relations_{task}.csv",
                f"tables/alignments_{task}.csv",
            )
        ],
    ) + [
        *[interference_file(ModelId.parse(run)) for task in tasks for run in runs(task)],
        *[file for task in tasks for file in distribution_files(task)],
        *[f"<results>/tables/selection_{task}.csv" for task in tasks if SETTINGS.tasks[task].selection == "published"],
    ]


def figure_files(tasks):
    """The figures of some tasks."""
    kind = "true" if "true" in SETTINGS.similarity.kinds else "attr"
    stems = []
    for task in tasks:
        known = "attr" if SETTINGS.tasks[task].source == "digits" else kind  # nobody knows how similar two digits are
        stems += [
            f"interference_matrix_{task}_clip_diff",
            f"similarity_matrix_{task}",
            f"metric_similarity_{task}_ssim_{known}",
            f"method_comparison_{task}_clip_diff",
            f"visual_grid_{task}_{(SETTINGS.tasks[task].retrain_emitters or [0])[0]:03d}",
        ]
        if "judge" in SETTINGS.scoring.metrics:  # without a judge nobody can say what is forgotten
            stems.append(f"forget_retain_{task}")
    return expand("<results>/figures/{stem}.png", stem=stems)


def paper_figures(wildcards):
    """Every figure of the I-CARE paper that this world can make, and one of every template for tasks that the paper lacks."""
    from lethe.interference.templates.paper import figures

    return [f"<results>/figures/{figure.stem()}.png" for figure in figures(SETTINGS)]


def membership_files(tasks):
    """The tables of membership inference of those tasks that have one and whose models are at hand anyway."""
    if SETTINGS.archive.images == "archive" or SETTINGS.archive.tables == "archive":
        return []
    have = [task for task in tasks if not no_membership(task)]
    names = ("membership_{task}.csv", "membership_means_{task}.csv", "membership_gates_{task}.json")
    return [f"<results>/tables/{name.format(task=task)}" for task in have for name in names]


def claimed_studies():
    """Studies of Deep Unlearn whose models are attacked."""
    return [study for study in STUDIES if attacked(*study)]


def claimed_benchmarks():
    """What `make bench` measures, in a world that it is written for."""
    return BENCHMARKS if "judge" in SETTINGS.evaluators else []


def claim_tables(wildcards):
    """Finished tables that claims are read from."""
    tables = [f"tables/{name}_{task}.csv" for task in TASKS for name in ("unlearning", "similarity", "relations")]
    tables += [f"tables/gates_{task}.json" for task in TASKS]
    tables += ["deepunlearn/{}/{}/lira/gates.json".format(*study) for study in claimed_studies()]
    return [f"<results>/{table}" for table in tables] + [f"results/bench/{name}.json" for name in claimed_benchmarks()]


def notebook_files(tasks):
    """The executed analysis notebooks of some tasks."""
    return expand("<results>/notebooks/{notebook}_{task}.html", notebook=ANALYSES, task=tasks)


def tutorial_files():
    """The executed tutorials, in a world that has their tasks and a judge."""
    written_for = [tutorial for tutorial, task in TUTORIALS.items() if task in TASKS and "judge" in SETTINGS.evaluators]
    return expand("<results>/notebooks/{tutorial}.html", tutorial=written_for)


def products(tasks):
    """Everything that some tasks lead to."""
    return table_files(tasks) + figure_files(tasks) + notebook_files(tasks)
