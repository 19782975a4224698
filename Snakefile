"""Lethe: what does a vision model lose besides the thing it was told to forget?

`snakemake -c2 all` runs everything that config/config.yaml describes (the embedded mini world, no GPU, no download);
`snakemake --profile slurm all --configfile config/paper.yaml` runs the paper. Every file below results/ is a target.
"""

import gc

from snakemake.utils import min_version, update_config

min_version("9.20")


include: "rules/common.smk"


from lethe.execution.compiled import compile_beside

if workflow.is_main_process:
    COMPILING = compile_beside(sys.argv)  # before all that is imported here

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.methods import METHODS as CLASSIFIER_METHODS
from lethe.execution.asked_once import ask_once
from lethe.execution.checked_once import check_once
from lethe.execution.forked import INSIDE, fork_scripts, start_early
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import CHARACTERS
from lethe.execution.in_turn import ask_in_turn
from lethe.execution.parent import announce_parent
from lethe.execution.patterns import take_apart_once
from lethe.execution.plain_files import compare_as_text
from lethe.execution.producers import keep_producers
from lethe.execution.scheduler import wake_on_jobs_alone
from lethe.execution.signatures import keep_signatures
from lethe.execution.work import sweep
from lethe.core.compat import read_yaml_by_libyaml
from lethe.core.records import EPOCHS, INDEX, NAME
from lethe.planning import chapters, outside
from lethe.workflow.asking import Asked, refuse_unknown_words
from lethe.execution.code import keep_parts
from lethe.planning.outside import identities, untimed
from lethe.workflow.terminal import shorten
from lethe.workflow.start import hold_lock, nested_values, plan_of, refuse_run
from lethe.planning.wildcards import one_of


configfile: ROOT / "config/config.yaml"


gc.disable()  # while a run is planned: millions of objects are made, and none is garbage
keep_producers()
keep_signatures()
check_once()
take_apart_once()
ask_in_turn()
compare_as_text()
announce_parent()  # scripts end with the process that starts them
read_yaml_by_libyaml()  # of a report
recall(".snakemake/fingerprints.json")
if LINKS is None:
    outside.recall()
OVERLAYS = ()
if workflow.is_main_process:
    shorten(workflow)
    RUN_LOCK = stated(hold_lock, sys.argv, workflow.dryrun)
    OVERLAYS = workflow.overwrite_configfiles
update_config(config, nested_values(workflow.config_settings.config))
plan = stated(plan_of, config, OVERLAYS, ROOT)
asked = Asked(workflow, plan)


CORES = workflow.resource_settings.cores or 1  # of a local run; a run on a cluster has no such number, its profile sets threads
PLAIN = "0|[1-9][0-9]{0,2}"  # a number without leading zeros


pathvars:
    results=f"results/{plan.settings.world}",
    logs=f"logs/{plan.settings.world}",
    benchmarks=f"benchmarks/{plan.settings.world}",


report: "report/workflow.rst"


onstart:
    gc.freeze()  # the plan lasts as long as the run, and each collection would look through it
    gc.enable()
    keep_parts()
    wake_on_jobs_alone(workflow)
    ask_once(workflow)
    stated(refuse_run, workflow.basedir, LINKS is not None, workflow.executor_settings)
    fork_scripts(workflow, INSIDE | plan.modules, plan.settings.device)


onsuccess:
    sweep(f"results/{plan.settings.world}/.work")


onerror:
    sweep(f"results/{plan.settings.world}/.work")


wildcard_constraints:
    task=one_of(plan.tasks),
    method=one_of(plan.models.runnable),
    base=one_of(plan.settings.bases),
    evaluator=one_of(plan.settings.evaluators),
    vae=one_of(plan.bases.vaes),
    tokenizer=one_of(plan.bases.tokenizers),
    run=f"{one_of(plan.tasks)}_(?:baseline|{INDEX}_{one_of(plan.models.runnable)}_{EPOCHS})",
    index=INDEX,
    receiver=INDEX,
    batch=r"\d*",
    epochs=EPOCHS,
    seed="0|[1-9][0-9]*",
    metric=one_of(plan.tables.pair_metrics),
    bundle=NAME,
    kind=one_of(plan.settings.similarity.kinds),
    dataset=one_of(plan.settings.deepunlearn.datasets),
    architecture=one_of(ARCHITECTURES),
    unlearner=one_of(CLASSIFIER_METHODS),
    block=one_of(plan.deepunlearn.blocks),
    draw="[1-9][0-9]*",
    template=one_of(TEMPLATES),
    parameters=CHARACTERS,
    tutorial=one_of(plan.notebooks.tutorial_tasks),


localrules:
    inputs,
    download,
    put_by_hand,
    unpack,
    base_pretrained,
    evaluator_pretrained,
    fetch_classification_data,
    fetch_record,
    fetch_manifest,
    fetch_bundle,
    corpus_file,
    all,
    audit,
    demo,
    tables,
    figures,
    figures_all,
    explorer,
    explorer_all,
    explorer_demo,
    notebooks,
    tutorials,
    deepunlearn,
    deepunlearn_evaluations,
    deepunlearn_search,
    deepunlearn_weights,
    deepunlearn_lira_search,
    deepunlearn_draws,
    deepunlearn_variance,
    canvas,
    canvas_grid,
    canvas_robustness,
    attacks,


rule all:
    """Everything: tables, figures, notebooks and gates of every task, membership inference, and Deep Unlearn."""
    input:
        plan.products(plan.tasks),
        plan.tables.membership(plan.entity_tasks),
        plan.deepunlearn.products(plan.studies.pairs),
        "<results>/figures/deepunlearn_ranking.png",
        plan.notebooks.tutorials,
        plan.tracking.files(plan.tasks),
        plan.answer.page("all"),
        plan.dictionary.files,
        record=plan.record.files,


rule demo:
    """The short first run: the tasks named in `demo_tasks`, one architecture of Deep Unlearn, a few methods on UnlearnCanvas."""
    input:
        plan.products(plan.settings.demo_tasks),
        plan.deepunlearn.products(plan.studies.demo),
        plan.canvas.demo,
        plan.tracking.files(plan.settings.demo_tasks),
        plan.answer.page("demo"),
        plan.dictionary.files,
        record=plan.record.files,


rule tables:
    """The published tables of every task, no figures."""
    input:
        plan.tables.of_tasks(plan.entity_tasks),


rule figures:
    """Every figure of every task, with the data it draws."""
    input:
        plan.task_figures.of_tasks(plan.entity_tasks),


rule figures_all:
    """Every figure of the I-CARE paper, and one of every result template for a task that the paper does not have."""
    input:
        plan.task_figures.of_paper,


rule attacks:
    """Attacks on unlearned models: table, its page and figure of every task that has some in `attacks` or `unlearncanvas.{task}.attack`."""
    input:
        plan.entity_attacks.products,
        plan.attacks.products,
        plan.pages.of_tables(plan.entity_attacks.products + plan.attacks.products),


rule explorer:
    """A page for looking at every pair of entities and the pictures behind it: results/{world}/explorer/index.html."""
    input:
        plan.explorer.of_tasks(plan.entity_tasks),


rule explorer_demo:
    """The explorer of what the demo made: its tasks, its study of classifiers, its part of UnlearnCanvas, and the way to its answer."""
    input:
        plan.explorer.of_tasks(name for name in plan.entity_tasks if name in plan.settings.demo_tasks),
        plan.overviews.files("demo"),


rule explorer_all:
    """The explorer of everything: all tasks, Deep Unlearn, UnlearnCanvas, and the way to the answer."""
    input:
        plan.explorer.of_tasks(plan.entity_tasks),
        plan.overviews.files("all"),


rule notebooks:
    """Every notebook: the analysis of every task and the tutorials."""
    input:
        plan.notebooks.of_tasks(plan.entity_tasks),
        plan.notebooks.tutorials,


rule audit:
    """One model and one concept: results/audit/index.html, with tables and the unlearned models (docs/audit.md)."""
    input:
        plan.audit.products,


rule tutorials:
    """The tutorials of the library, each of which unlearns one entity of the mini world."""
    input:
        plan.notebooks.tutorials,


include: "rules/shared/job.smk"
include: "rules/shared/downloads.smk"
include: "rules/diffusion/sources.smk"
include: "rules/diffusion/pretraining.smk"
include: "rules/diffusion/models.smk"
include: "rules/diffusion/unlearn.smk"
include: "rules/diffusion/external.smk"
include: "rules/diffusion/tracking.smk"
include: "rules/diffusion/generate.smk"
include: "rules/diffusion/score.smk"
include: "rules/diffusion/studio.smk"
include: "rules/classifiers/data.smk"
include: "rules/classifiers/train.smk"
include: "rules/classifiers/search.smk"
include: "rules/classifiers/unlearn.smk"
include: "rules/classifiers/export.smk"
include: "rules/icare/tables.smk"
include: "rules/icare/verdicts.smk"
include: "rules/icare/trajectories.smk"
include: "rules/icare/membership.smk"
include: "rules/icare/attacks.smk"
include: "rules/icare/explorer.smk"
include: "rules/icare/notebooks.smk"
include: "rules/deepunlearn/lira.smk"
include: "rules/deepunlearn/tables.smk"
include: "rules/deepunlearn/draws.smk"
include: "rules/deepunlearn/evaluations.smk"
include: "rules/unlearncanvas/tables.smk"
include: "rules/unlearncanvas/world.smk"
include: "rules/unlearncanvas/notebook.smk"
include: "rules/unlearncanvas/grid.smk"
include: "rules/unlearncanvas/sequences.smk"
include: "rules/unlearncanvas/pairs.smk"
include: "rules/unlearncanvas/capacity.smk"
include: "rules/unlearncanvas/robustness.smk"
include: "rules/audit/audit.smk"
include: "rules/shared/figures.smk"
include: "rules/answer/tables.smk"
include: "rules/answer/answer.smk"
include: "rules/answer/overview.smk"
include: "rules/tools/claims.smk"
include: "rules/tools/speed.smk"
include: "rules/tools/fidelity.smk"
include: "rules/shared/archive.smk"
include: "rules/shared/corpus.smk"
include: "rules/shared/publish.smk"
include: "rules/shared/export.smk"
include: "rules/shared/dictionary.smk"
include: "rules/shared/provenance.smk"


if workflow.is_main_process:
    stated(refuse_unknown_words, workflow, plan, sys.argv)
    if LINKS is None:
        start_early(sys.argv, f"results/{plan.settings.world}", INSIDE | plan.modules, plan.settings.device)
