"""Lethe: what does a vision model lose besides the thing it was told to forget?

The floors of the package, bottom first; an import only ever points down:

    records settings registry fingerprint runtime io   plain data and files; no torch
    sources                                            images and attributes of entities
    testbed                                            filter, balance, split, similarity
    diffusion                                          pipeline folders, deltas, noise, generation
    pretraining                                        the mini world's models, from nothing
    metrics                                            batched scores
    unlearners                                         one file per method
    interference                                       per pair, per entity, similarities, statistics, gates
    archive                                            published records, provenance
    plots                                              figures and the data they draw

Importing ``lethe`` loads no torch: the Snakefile imports it in every job. It does one thing: a torchvision that does not fit torch is
repaired when it is imported (``lethe.core.compat``).
"""

from lethe.core.compat import repair_at_import

repair_at_import()

__version__ = "0.1.0"
