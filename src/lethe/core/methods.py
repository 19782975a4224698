"""What a method is, told without running it: its name in figures, its paper, what it needs. The same form in both families.

Everything about a method stands in its own class::

    class UCE(Method[UCEConfig]):
        about = MethodDescription(title="UCE", paper="arXiv 2308.14761", colour="#0072B2", marker="o")
        contract = Contract(small={}, direction="guide")

Tables, figures and plans read ``about`` as text (``lethe.core.description``), the contract suite reads ``contract``. Neither is code of the
jobs that unlearn, so a method must not compute with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lethe.core.description import DescriptionError, Descriptions, description_of
from lethe.core.registry import Registry, nearest

LONGEST = 46  # letters of what a name means: a line of a figure's footnote
DECIDES_NO_RESULT = "reads how methods are called and shown; what it read is code of whoever asks"
UNCHANGED, RETRAINED, DESTROYED, RANDOM = "unchanged", "retrained", "destroyed", "random"
REFERENCES = {
    UNCHANGED: "changes nothing: its models are the base",
    RETRAINED: "never saw what is forgotten: the base trained again without it",
    DESTROYED: "draws nothing but noise: everything is forgotten, and everything else too",
    RANDOM: "moves weights as far as a method did, in a random direction: what it harms, it harms by the distance alone",
}
NEEDS = {
    "convolutions": "changes convolutions and fine-tunes; without convolutions it only fine-tunes",
    "noise": "runs as published with bases that predict the noise (prediction_type epsilon)",
    "sampling": "acts while a picture is drawn, so there are no weights that another tool could load",
    "words": "the words of what is forgotten are enough; any other method looks at pictures of it and of the rest",
    "validation": "trains on the validation set or chooses a model by it, which contaminates what is measured there",
}


@dataclass(frozen=True)
class MethodDescription:
    """What tables, figures and plans have to know of a method.

    Attributes:
        title: its name in tables and figures, different from every other title of its family.
        paper: where it is described.
        means: what the name stands for or what the method does, a phrase of at most ``LONGEST`` letters without an end stop: figures that
            use the name explain it by this. Empty of a variant as published, which is explained by its method.
        colour: in figures, ``#rrggbb``; empty: given by its place among the methods without one.
        marker: in figures, of matplotlib; empty: given likewise.
        reference: empty for a method that is judged; else the key of ``REFERENCES`` that says what others are compared with.
        published_of: the registered name of the method that this one is as published, faults included; empty: it is no such variant.
        needs: keys of ``NEEDS``.
        prepares: what it prepares once for all emitters of a task, a job of its own whose file every model reads; empty: nothing.
        xl: of a diffusion model, whether it also unlearns Stable Diffusion XL (two text encoders; a pooled embedding and sizes beside the
            text), and its tests show that.

    Raises:
        DescriptionError: a field has a value that is not allowed.
    """

    title: str
    paper: str
    means: str = ""
    colour: str = ""
    marker: str = ""
    reference: str = ""
    published_of: str = ""
    needs: tuple[str, ...] = ()
    prepares: str = ""
    xl: bool = False

    def __post_init__(self) -> None:
        for name in ("title", "paper"):
            if not getattr(self, name).strip():
                raise DescriptionError(f"{name} is empty")
        if len(self.means) > LONGEST:
            raise DescriptionError(f"means: '{self.means}' has {len(self.means)} letters, at most {LONGEST} fit into a figure")
        for name, values, allowed in (("reference", [self.reference or UNCHANGED], REFERENCES), ("needs", self.needs, NEEDS)):
            for value in values:
                if value not in allowed:
                    raise DescriptionError(f"{name}: '{value}'; allowed: {', '.join(allowed)}{nearest(value, list(allowed))}")


DIRECTIONS = {
    "nothing": "nothing changes at all",
    "change": "what the model says of what is forgotten changes somehow",
    "loss": "the loss on what is forgotten rises",
    "guide": "the prediction for what is forgotten moves to the untouched model's prediction for what takes its place",
    "attention": "attention to the words that name what is forgotten at least halves",
    "away": "the prediction for what is forgotten moves as in `guide` and may pass it, as under negative guidance (ESD)",
}


@dataclass(frozen=True)
class Contract:
    """What the contract suite holds a method to; the attribute ``contract`` of its class, code of no job.

    A variant as published may inherit that of its method.

    Attributes:
        small: hyper-parameters for the suite's tiny problem, where they differ from the defaults.
        direction: what forgetting does, a key of ``DIRECTIONS``.
        holds_others: whether its loss holds what is predicted for others where it was; then they change less than half as much as what is
            forgotten, else merely less.

    Raises:
        DescriptionError: there is no such direction.
    """

    small: Mapping[str, object]
    direction: str
    holds_others: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            known = f"{', '.join(DIRECTIONS)}{nearest(self.direction, list(DIRECTIONS))}"
            raise DescriptionError(f"direction: '{self.direction}'; allowed: {known}")


class MethodDescriptions(Descriptions):
    """Some keys of what the methods of a family say of themselves, and what is asked of them.

    Raises:
        KeyError: by a function that needs a key which is not read here.
    """

    def title(self, name: str) -> str:
        """The name of a method in figures; a name that is no method's, as in a table of another version, as it is."""
        return str(self.get(name, "title", name))

    def means(self, name: str) -> str:
        """What the name of a method stands for; empty where nobody said so. Of a variant as published, what its method's name does."""
        of = self.published_of(name)
        return f"{self.means(of)}; code as published" if of else str(self.get(name, "means", ""))

    def role(self, name: str) -> str:
        """Which of ``REFERENCES`` a method is; empty for one that is judged."""
        return str(self.get(name, "reference", ""))

    def reference(self, role: str) -> str:
        """The name of the reference with this role.

        Raises:
            KeyError: the family has no such reference.
        """
        for name in self:
            if self.role(name) == role:
                return name
        raise KeyError(f"no {self.registry.kind} is the reference '{role}'")

    def published_of(self, name: str) -> str:
        """The method that this one is as published; empty if it is no such variant."""
        return str(self.get(name, "published_of", ""))

    def published(self, names: Iterable[str]) -> dict[str, str]:
        """Method -> its variant as published, of those among ``names`` that are such a variant."""
        return {self.published_of(name): name for name in names if self.published_of(name)}

    def prepares(self, name: str) -> str:
        """What a method prepares for all emitters of a task; empty: nothing."""
        return str(self.get(name, "prepares", ""))

    def needs(self, name: str, need: str) -> bool:
        """Whether a method has one of ``NEEDS``.

        Raises:
            UnknownNameError: there is no such method.
        """
        self.registry.target_of(name)
        return need in self.get(name, "needs", ())

    def knows_xl(self, name: str) -> bool:
        """Whether a method also unlearns Stable Diffusion XL; errors as ``needs``."""
        self.registry.target_of(name)
        return bool(self.get(name, "xl", False))


def intervenes(registry: Registry[Any], name: str) -> bool:
    """Whether the models of a method act while an image is drawn, and have no weights. For plans: no job depends on it.

    Raises:
        UnknownNameError: there is no such method.
    """
    return "sampling" in description_of(registry.target_of(name)).get("needs", ())
