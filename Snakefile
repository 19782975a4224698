"""Lethe: what does a vision model lose besides the thing it was told to forget?

`snakemake -c2 all` runs everything that config/config.yaml describes (the embedded mini world, no GPU, no download);
`snakemake --profile slurm all --configfile config/paper.yaml` runs the paper. Every file below results/ is a target.
"""

from snakemake.utils import min_version

min_version("9.20")


include: "rules/common.smk"
include: "rules/deepunlearn_common.smk"
include: "rules/archive_common.smk"
include: "rules/provenance_common.smk"
include: "rules/explorer_common.smk"
include: "rules/fidelity_common.smk"
include: "rules/targets_common.smk"


configfile: ROOT / "config/config.yaml"


announce_parent()  # scripts end with the process that starts them
if workflow.is_main_process:
    RUN_LOCK = start_run()
SETTINGS = validated(config)
METHODS = SETTINGS.methods
TASKS = list(SETTINGS.tasks)
STUDIES = studies(SETTINGS.deepunlearn.datasets)
RUN_METHODS = METHODS + published_variants()  # all whose models can be asked for
COMPARED = [method for method in METHODS if method not in ("none", "retrain")]  # methods that unlearn every emitter
WEIGHT_METHODS = [method for method in COMPARED if method in SETTINGS.similarity.weights]
PAIR_METRICS = [name for name, spec in SPECS.items() if spec.kind in ("pair", "diff")]
PLAIN = "0|[1-9][0-9]{0,2}"  # a number of at most three digits without leading zeros
BENCHMARKS = ["batch_invariance", "dry_run", "uce", "scoring", "stacked_training", "tables"]  # of `make bench`
INFERENCE = SETTINGS.statistics.model_dump() | {"seed": SETTINGS.seed}  # of every result template
GPU = 1 if SETTINGS.device == "cuda" else 0


pathvars:
    results=f"results/{SETTINGS.world}",
    logs=f"logs/{SETTINGS.world}",
    benchmarks=f"benchmarks/{SETTINGS.world}",


report: "report/workflow.rst"


onstart:
    refuse_unwritable()
    refuse_job_arrays()
    fork_scripts(workflow, INSIDE | imported_by(Path(workflow.basedir).glob("scripts/*.py")), SETTINGS.device)


onsuccess:
    sweep(f"results/{SETTINGS.world}/.work")


onerror:
    sweep(f"results/{SETTINGS.world}/.work")


wildcard_constraints:
    task=one_of(TASKS),
    method=one_of(RUN_METHODS),
    base=one_of(SETTINGS.bases),
    evaluator=one_of(SETTINGS.evaluators),
    run=f"{one_of(TASKS)}_(?:baseline|{INDEX}_{one_of(RUN_METHODS)}_{INDEX})",
    index=INDEX,
    receiver=INDEX,
    decade=r"\d{2}",
    epochs=INDEX,
    tens="|[1-9][0-9]?",
    plain_index=PLAIN,
    plain_epochs=PLAIN,
    seed="0|[1-9][0-9]*",
    metric=one_of(PAIR_METRICS),
    bundle=NAME,
    kind=one_of(SETTINGS.similarity.kinds),
    dataset=one_of(SETTINGS.deepunlearn.datasets),
    architecture=one_of(ARCHITECTURES),
    unlearner=one_of(CLASSIFIER_METHODS),


localrules:
    all,
    demo,
    tables,
    figures,
    figures_all,
    explorer,
    notebooks,
    tutorials,
    deepunlearn,
    deepunlearn_search,


rule all:
    """Everything: tables, figures, notebooks and gates of every task, membership inference, and Deep Unlearn."""
    input:
        products(TASKS),
        membership_files(TASKS),
        deepunlearn_products(STUDIES),
        "<results>/figures/deepunlearn_ranking.png",
        tutorial_files(),
        record=record_files(),


rule demo:
    """The short first run: the tasks named in `demo_tasks`, and one architecture of Deep Unlearn."""
    input:
        products(SETTINGS.demo_tasks),
        deepunlearn_products(demo_studies()),
        record=record_files(),


rule tables:
    """The published tables of every task, no figures."""
    input:
        table_files(TASKS),


rule figures:
    """Every figure of every task, with the data it draws."""
    input:
        figure_files(TASKS),


rule figures_all:
    """Every figure of the I-CARE paper, and one of every result template for a task that the paper does not have."""
    input:
        paper_figures,


rule explorer:
    """A page for looking at every pair of entities and the pictures behind it: results/{world}/explorer/index.html."""
    input:
        explorer_files(TASKS),


rule notebooks:
    """Every notebook: the analysis of every task and the tutorials."""
    input:
        notebook_files(TASKS),
        tutorial_files(),


rule tutorials:
    """The tutorials of the library, each of which unlearns one entity of the mini world."""
    input:
        tutorial_files(),


include: "rules/downloads.smk"
include: "rules/sources.smk"
include: "rules/pretraining.smk"
include: "rules/models.smk"
include: "rules/unlearn.smk"
include: "rules/generate.smk"
include: "rules/score.smk"
include: "rules/membership.smk"
include: "rules/interference.smk"
include: "rules/figures.smk"
include: "rules/notebooks.smk"
include: "rules/bench.smk"
include: "rules/deepunlearn.smk"
include: "rules/archive.smk"
include: "rules/publish.smk"
include: "rules/provenance.smk"
include: "rules/explorer.smk"
include: "rules/fidelity.smk"


if workflow.is_main_process:
    refuse_unknown_targets()
