"""A text-to-image model forgets a concept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from lethe.audit.asked import prompt_for
from lethe.audit.concepts import FORGOTTEN, KEPT, named
from lethe.audit.words import check_words
from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.latents import encode_images
from lethe.diffusion.methods import METHODS, NEEDS
from lethe.diffusion.methods.base import UnlearnData
from lethe.diffusion.methods.on_bases import check_method
from lethe.diffusion.testbed.distinct import check_prompts, check_tokens
from lethe.diffusion.testbed.receivers import Receiver
from lethe.diffusion.testbed.tokens import read_tokenizer
from lethe.library.models import Model

if TYPE_CHECKING:
    from PIL import Image

    Pictures = Mapping[str, Sequence[Image.Image]]


def forget(
    model: Model,
    concept: str,
    *,
    keep: Sequence[str],
    method: str = "uce",
    prompt: str = "{concept}",
    instead: str = "",
    pictures: Pictures | None = None,
    seed: int = 0,
    **hyperparameters: object,
) -> Model:
    """Unlearn one concept.

    Args:
        model: from ``load``; it stays as it is. concept: what is to be forgotten, in words.
        keep: concepts that the method is told to keep, at least one: by them it knows which words are the concept's own.
        method: ``uce`` by default; ``lethe.diffusion.methods.METHODS`` lists all.
        prompt: how a prompt asks for a concept.
        instead: the concept that takes the place of what is forgotten; by default none, the empty prompt.
        pictures: pictures of ``concept`` and of some that are kept, for methods that look at pictures.
        seed: of the method's random numbers. hyperparameters: of the method, by name; ``config/methods/diffusion`` has tuned ones.

    Returns:
        The model without the concept, on the same pipeline.

    Raises:
        UnknownNameError: no such method; names the nearest.
        SettingsError: a hyper-parameter that the method does not take, or a word that the model's tokenizer does not know.
        MetadataError: two concepts that the model cannot tell apart.
        ValueError: a model that has forgotten something already, nothing to keep, or a method without the pictures that it looks at.

    Examples:
        >>> import lethe
        >>> model = lethe.load("results/mini/base/objects")
        >>> unlearned = lethe.forget(model, "four", keep=["one", "two"], prompt="An image of a {concept}")
        >>> unlearned.delta.kind, unlearned.record["steps"]
        ('text_map', 0)
    """
    if not isinstance(model.delta, NoneDelta):
        raise ValueError("forget: this model has forgotten something already; save it and load the folder to go on from there")
    if not keep or isinstance(keep, str):
        raise ValueError(f"forget: keep is {keep!r}; allowed: a list of at least one concept")
    if concept in keep:
        raise ValueError(f"forget: '{concept}' is to be forgotten and to be kept; allowed: a concept in one of both")
    unlearner = METHODS.load(method)(**hyperparameters)
    folder = model.pipe.name_or_path
    check_method(method, folder)
    reader = read_tokenizer(f"{folder}/tokenizer")
    check_words(reader, prompt, {"concept": [concept], "keep": list(keep), "instead": [instead] if instead else []})
    told = named({concept: FORGOTTEN} | dict.fromkeys(keep, KEPT), prompt, instead)
    check_prompts(*told)
    check_tokens(*told, reader)
    receivers, emitters = told
    data = _data(model, method, receivers, pictures)
    data = replace(data, overwrites=(prompt_for(prompt, instead) if instead else "",))
    data = replace(data, prepared=unlearner.prepare(model.pipe, data, seed=seed))
    (found,) = unlearner.unlearn(model.pipe, emitters, data, seed=seed)
    return Model(model.pipe, found.delta, {"concept": concept, "method": method, **found.record})


def _data(model: Model, method: str, receivers: Sequence[Receiver], pictures: Pictures | None) -> UnlearnData:
    """What the method may look at: a caption per concept, and latents of the pictures that there are."""
    captions = {one.index: one.prompt for one in receivers}
    places = {one.name: one.index for one in receivers}
    if pictures is None:
        if not NEEDS.needs(method, "words"):
            able = ", ".join(name for name in METHODS if NEEDS.needs(name, "words"))
            raise ValueError(
                f"forget: the method '{method}' looks at pictures; give `pictures`, or a method that needs none: {able}"
            )
        side = int(model.pipe.unet.config["sample_size"])
        empty = torch.zeros(0, int(model.pipe.unet.config["in_channels"]), side, side)
        return UnlearnData(empty, torch.zeros(0, dtype=torch.int64), captions)
    if unknown := [name for name in pictures if name not in places]:
        raise ValueError(
            f"forget: pictures of '{unknown[0]}'; allowed: the concept itself and those of `keep`: {', '.join(places)}"
        )
    shown = [places[name] for name, each in pictures.items() for _ in each]
    arrays = [np.array(picture.convert("RGB")) for each in pictures.values() for picture in each]
    return UnlearnData(encode_images(model.pipe.vae, arrays, model.size), torch.tensor(shown), captions)
