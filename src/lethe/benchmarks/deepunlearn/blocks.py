"""Which models of U-LiRA share a job: blocks of consecutive splits."""

from __future__ import annotations

WEIGHTS = 500  # MB of weights that a job trains: all models of a small network, those of one or two splits of a ResNet-18


def block_names(splits: int, per_block: int) -> list[str]:
    """Blocks of at most ``per_block`` splits each, as equal as they can be, named by their first and last split.

    >>> block_names(10, 4)
    ['000-003', '004-006', '007-009']
    """
    count = -(-splits // per_block)
    ends = [-(-splits * (block + 1) // count) for block in range(count)]
    begins = [0, *ends[:-1]]
    return [f"{begin:03d}-{end - 1:03d}" for begin, end in zip(begins, ends, strict=True)]


def splits_in(block: str) -> range:
    """The splits of a block.

    >>> list(splits_in("004-006"))
    [4, 5, 6]
    """
    first, last = map(int, block.split("-"))
    return range(first, last + 1)


def splits_per_block(splits: int, forget_sets: int, weights: float, models_per_job: int = 0) -> int:
    """How many splits a job makes.

    Args:
        splits: S. forget_sets: K; a split has 1 + K models.
        weights: MB of one model.
        models_per_job: what the configuration asks for; 0: as many models as have ``WEIGHTS`` MB together.

    >>> splits_per_block(64, 10, weights=44.7)  # ResNet-18
    1
    >>> splits_per_block(64, 4, weights=0.02)
    64
    """
    models = models_per_job or int(WEIGHTS / weights)
    return max(1, min(splits, models // (1 + forget_sets)))
