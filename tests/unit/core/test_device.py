"""Memory that tensors free is used again without asking the system for it."""

import platform
import subprocess
import sys

import pytest

PASSES = """
import resource
import torch
from lethe.core.device import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def layers():
    picture = torch.ones(250_000)
    for _ in range(10):
        grown = picture
        for _ in range(6):
            grown = torch.cat([grown, picture])
            added = grown + 1
            grown = added * 2

assert not {kept} or keep_freed_memory()
for _ in range(3):
    layers()
before = faults()
layers()
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_freed_memory_is_kept() -> None:
    """Operations on tensors of 1 to 7 MB fault on few pages, where they fault on thousands otherwise."""
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", PASSES.format(kept=kept)], capture_output=True, text=True, check=True).stdout)
        for kept in (True, False)
    )
    assert given_back > 1000
    assert kept < given_back / 5
