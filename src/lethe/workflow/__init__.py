"""What a run consists of: which models, files and products a configuration leads to.

``Plan`` answers every question of the rules, from settings alone, so that the answers can be tested without Snakemake. Its parts are one file
each: ``batches`` (which models share a job), ``models``, ``data``, ``bases``, ``tables``, ``figures``, ``notebooks`` and so on. Paths begin with
``<results>``, Snakemake's path variable for ``results/{world}``. ``run`` is the other end: it calls the function that a rule names.
"""
