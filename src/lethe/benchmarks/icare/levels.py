"""Where sentences, claims, figures and pages draw the line: one place for every level of the benchmark."""

from __future__ import annotations

FORGOTTEN = 0.2  # of the pictures of what is forgotten, the share that a judge may still recognise
KEPT = 0.85  # of the base's accuracy on the others, the share that has to be left
BY_CHANCE = 0.025  # of the pairs, the share that seeds alone put beyond one end of a range that holds 95 % of them
LEVEL = 0.05  # of tests, after correction
