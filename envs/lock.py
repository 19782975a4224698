"""Resolve the dependencies of pyproject.toml into lock files with hashes: ``make lock``. Versions stay where they can; it needs uv.

``python envs/lock.py --upgrade`` takes the newest of everything, ``--upgrade-package NAME`` of one package.

One resolution gives all three files, so that they never disagree. It holds for every system and for every Python from the oldest one
that pyproject.toml allows; lines for some of them carry a marker.

=======================  ==============================================================================================
requirements-cuda.lock   what the workflow needs, from PyPI alone; on Linux with the libraries of CUDA
requirements.lock        the same pins without CUDA; on Linux torch is the build of envs/torch-cpu.txt
requirements-dev.lock    what tests, lint and documentation need beside either of them
=======================  ==============================================================================================
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = "# Written by `make lock`. Installed by `make setup` (envs/install.py), without a look for dependencies: all are here.\n"
CUDA = re.compile(r"(nvidia|cuda)-.*|triton")


def blocks(text: str) -> list[str]:
    """The requirements of a lock file: each with its hashes and with the comments of who asks for it."""
    return re.findall(r"^[\w.-]+==.*\n(?:[ ]+.*\n)*", text, flags=re.MULTILINE)


def name_of(block: str) -> str:
    """``numpy`` of ``numpy==2.4.6 \\``..."""
    return block.partition("==")[0]


def line_of(block: str) -> str:
    """Name, version and marker of a requirement."""
    return block.partition("\n")[0]


def for_the_cpu(block: str, build: str) -> str:
    """torch as it comes from PyPI, and on Linux as in ``build``, the text of envs/torch-cpu.txt.

    Raises:
        ValueError: if they are different versions.
    """
    line, *hashes = [text.strip() for text in build.splitlines() if text.strip() and not text.strip().startswith("#")]
    if line.partition("+")[0] != line_of(block).removesuffix(" \\"):
        raise ValueError(f"envs/torch-cpu.txt has '{line}', the lock '{line_of(block)}'; both must be one version")
    linux = " \\\n    ".join([f"{line} ; sys_platform == 'linux'", *hashes])
    asked = block[block.index("    # via") :]
    return f"{linux}\n{asked}" + block.replace(" \\\n", " ; sys_platform != 'linux' \\\n", 1)


def without_cuda(cuda: list[str], build: str) -> list[str]:
    """The requirements of the lock for CUDA without its libraries, and with torch's build for the CPU."""
    return [
        for_the_cpu(block, build) if name_of(block) == "torch" else block for block in cuda if not CUDA.fullmatch(name_of(block))
    ]


def resolve(output: Path, *options: str) -> list[str]:
    """Run uv. Where ``output`` exists, its versions are kept."""
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest is not None
    options = ("--universal", "--python-version", oldest[1], "--generate-hashes", "--no-header", *options)
    subprocess.run(["uv", "pip", "compile", "--quiet", *options, "--output-file", output, "pyproject.toml"], cwd=ROOT, check=True)
    return [re.sub(r"^ +#   -c .*\n", "", block, flags=re.MULTILINE) for block in blocks(output.read_text())]


def main(options: list[str]) -> None:
    """Write the three files."""
    build = (ROOT / "envs/torch-cpu.txt").read_text()
    pinned = re.search(r"^(torch==[\d.]+)", build, flags=re.MULTILINE)
    assert pinned is not None
    with tempfile.TemporaryDirectory() as folder:
        held, known, everything = Path(folder, "held.txt"), Path(folder, "known.txt"), Path(folder, "everything.txt")
        held.write_text(f"{pinned[1]}\n")
        lock = ROOT / "requirements-cuda.lock"
        cuda = resolve(lock, "--constraints", str(held), "--excludes", "envs/left-out.txt", *options)
        known.write_text("".join(f"{line_of(block).removesuffix(chr(92))}\n" for block in cuda))
        dev = ROOT / "requirements-dev.lock"
        everything.write_text(dev.read_text() if dev.exists() else "")
        extras = resolve(everything, "--constraints", str(known), "--extra", "dev", "--extra", "docs", *options)
    lines = {line_of(block) for block in cuda}
    for name, requirements in (
        ("requirements-cuda.lock", cuda),
        ("requirements.lock", without_cuda(cuda, build)),
        ("requirements-dev.lock", [block for block in extras if line_of(block) not in lines]),
    ):
        (ROOT / name).write_text(HEADER + "".join(requirements))


if __name__ == "__main__":
    main(sys.argv[1:])
