"""Training, from nothing, of the models of the embedded mini world.

One file per model: ``vae``, ``base`` (text encoder and UNet of one task), ``clip``, ``backbone`` (the DINO role), ``judge``;
``text`` is the shared tokenizer, ``data`` what they are trained on, ``quality`` what they are measured by. All are functions of
tensors, settings and a seed; none knows a path or the workflow. ``architectures`` says what the models are, ``assets`` are the
checkpoints kept in the repository, ``train`` writes them, and ``folders`` makes of them what other libraries load.
A training is deterministic for a seed at a fixed number of threads.
"""

from __future__ import annotations

from collections.abc import Callable

from lethe.core.registry import Registry

# kind of an evaluator -> function that writes its folder from a checkpoint
EVALUATOR_FOLDERS: Registry[Callable[..., None]] = Registry("evaluator")
EVALUATOR_FOLDERS.register("clip", "lethe.diffusion.pretraining.folders:clip_folder")
EVALUATOR_FOLDERS.register("backbone", "lethe.diffusion.pretraining.folders:backbone_folder")
EVALUATOR_FOLDERS.register("classifier", "lethe.diffusion.pretraining.folders:judge_folder")
