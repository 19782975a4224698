"""``lethe convert``."""

from __future__ import annotations

import argparse
import sys

from lethe.tools.convert import convert

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Stable Diffusion v1 in the code structure that another tool reads, tensor for tensor (docs/bases.md). A target that ends in "
    ".safetensors or .ckpt is a CompVis file, any other a pipeline folder of diffusers."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("source", help="a pipeline folder, such as results/mini/base/canvas, or a CompVis file")
    parser.add_argument("target", help="what is written")
    described = "of a file: a pipeline folder with its configurations and tokenizer"
    parser.add_argument("--config", default="", metavar="FOLDER", help=described)
    parser.add_argument("--averaged", action="store_true", help="of a file: take the averaged weights of the UNet")
    delta = "of a folder: the delta.safetensors of an unlearned model on it"
    parser.add_argument("--delta", default="", metavar="FILE", help=delta)
    parser.add_argument("--half", action="store_true", help="of a folder: weights in float16")


def run(asked: argparse.Namespace) -> int:
    """2 if it cannot be converted."""
    try:
        print(convert(asked.source, asked.target, asked.config, asked.delta, asked.half, asked.averaged))
    except (OSError, ValueError, RuntimeError) as error:
        print(f"lethe convert: {error}", file=sys.stderr)
        return 2
    return 0
