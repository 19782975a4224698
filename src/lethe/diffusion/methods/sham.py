"""The control of distance: weights move as far as those of another method, layer by layer, in a random direction.

A model that forgot is also a model whose weights were moved. What this control harms, it harms by the distance alone: harm of the method beyond
that is due to what it did, for instance to concepts that share what was erased.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from pydantic import Field

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._common import check_emitters, seeded_generator
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.settings.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


class ShamConfig(Hyperparameters):
    """Whose distance is taken."""

    of: str = Field("uce", description="the method whose delta of the same emitter says how far each parameter moves")


class Sham(Method[ShamConfig]):
    """Each parameter that another method changed, plus normal noise of the same Frobenius norm as that change.

    Source: none needed, a control; the idea of a sham treatment is that of clinical trials. The workflow hands it the deltas (``data.deltas``).
    """

    about = MethodDescription(
        title="sham",
        means="control, moved as far at random",
        paper="none (control)",
        colour="#666666",
        marker="P",
        reference="random",
        needs=("words",),
        xl=True,
    )
    contract = Contract(small={"of": "uce"}, direction="change", holds_others=False)
    Config = ShamConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta per emitter.

        Raises:
            ValueError: an emitter without a prompt, or without a delta of the other method.
        """
        check_emitters(emitters, data, rows=False)
        for emitter in emitters:
            if emitter.index not in data.deltas:
                raise ValueError(
                    f"emitter {emitter.index} ('{emitter.name}') has no delta of '{self.config.of}'; there are some for {sorted(data.deltas)}"
                )
        for emitter in emitters:
            begin, values, norms = time.monotonic(), {}, {}
            for name, old, new in data.deltas[emitter.index].new_weights(pipe):
                before = old.detach().float().cpu()
                noise = torch.randn(before.shape, generator=seeded_generator(seed, "sham", emitter.index, name))
                norms[name] = float((new.float().cpu() - before).double().norm())
                values[name] = before + noise * (norms[name] / float(noise.double().norm()))
            moved = sum(norm**2 for norm in norms.values()) ** 0.5
            record = {"steps": 0, "seconds": time.monotonic() - begin, "of": self.config.of, "moved": moved}
            yield Unlearned(emitter, DenseDelta(values), record)
