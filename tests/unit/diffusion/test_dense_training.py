"""The student of methods that train whole parameters: what it trains, what it leaves, what it stores; and the control ``noise``."""

from __future__ import annotations

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, base, run

from lethe.diffusion.delta import applied
from lethe.diffusion.methods._dense_training import CROSS_ATTENTION, DenseTrainingConfig, Student
from lethe.diffusion.methods._training import Borrowed, optimise
from lethe.diffusion.methods.esd_noised import ESDNoised
from lethe.diffusion.methods.noise import NoiseControl


@pytest.fixture(scope="module", name="on")
def tiny() -> Base:
    return base()


@pytest.fixture(scope="module")
def lent(on: Base) -> Borrowed:
    return Borrowed(on.pipe, on.data)


def test_a_student_is_the_base_until_it_is_trained(lent: Borrowed) -> None:
    student = Student(lent, ["*"])
    rows = lent.noised(torch.arange(4), torch.Generator().manual_seed(0))
    assert torch.equal(student.predict(rows), lent.predict(rows)) and student.delta().values == {}


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_masked_weights_keep_their_bits_whatever_the_optimiser_does(lent: Borrowed, decay: float) -> None:
    """Weight decay moves what has no gradient too; the delta draws what the student drew and holds only what changed."""
    shapes = {name: lent.unet.get_parameter(name).shape for name in Student(lent, CROSS_ATTENTION).names}
    generator = torch.Generator().manual_seed(3)
    masks = {name: torch.rand(shape, generator=generator) < 0.5 for name, shape in shapes.items()}
    closed = next(iter(masks))
    masks[closed] = torch.zeros_like(masks[closed])
    student = Student(lent, CROSS_ATTENTION, masks)
    rows = lent.noised(torch.arange(4), generator)
    config = DenseTrainingConfig(steps=3, learning_rate=1e-2, weight_decay=decay)
    record = optimise(student.parameters, config, lambda *_: (student.towards(rows, None)[0], {}))
    assert record["steps"] == 3
    values = student.delta().values
    assert set(values) == {f"unet.{name}" for name in shapes if name != closed}
    for name, mask in masks.items():
        if name != closed:
            changed = values[f"unet.{name}"] != lent.unet.get_parameter(name)
            assert changed[mask].float().mean() > 0.9 and not changed[~mask].any()
    with torch.no_grad(), applied(lent.pipe, student.delta()):
        torch.testing.assert_close(lent.predict(rows), student.predict(rows))


def test_micro_batches_and_parts_give_the_same_gradient(lent: Borrowed) -> None:
    student, generator = Student(lent, CROSS_ATTENTION), torch.Generator().manual_seed(4)
    first, second = (lent.noised(torch.arange(count), generator) for count in (3, 5))
    whole, errors = student.towards_all([(2.0, first), (0.5, second)], None)
    parts, same = student.towards_all([(2.0, first), (0.5, second)], 2)
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(same, errors)
    alone = [student.towards(rows, None) for rows in (first, second)]
    torch.testing.assert_close(errors, torch.stack([error for _, error in alone]))
    torch.testing.assert_close(
        whole, [2 * a + 0.5 * b for a, b in zip(alone[0][0], alone[1][0], strict=True)], rtol=1e-4, atol=1e-6
    )


def test_what_cannot_be_trained_is_named(lent: Borrowed) -> None:
    with pytest.raises(
        ValueError, match=r"trainable: '\*.attn3.\*' matches none of the UNet's \d+ parameters, e.g. 'conv_in.weight'"
    ):
        Student(lent, ["*.attn2.*", "*.attn3.*"])
    with pytest.raises(ValueError, match="mask: 'conv_in.weight' is not trained"):
        Student(lent, CROSS_ATTENTION, {"conv_in.weight": torch.ones(1, dtype=torch.bool)})
    with pytest.raises(ValueError, match=r"mask of 'conv_in.bias': torch.float32 \(16,\); allowed: torch.bool \(16,\)"):
        Student(lent, ["conv_in.bias"], {"conv_in.bias": torch.ones(16)})


def test_bfloat16_passes_train_the_same_in_float32(on: Base) -> None:
    """The loss of the first step agrees to the precision of the passes; what is stored is float32."""
    values = {"steps": 1, "forget_batch": 4}
    full, half = (run(ESDNoised(**values, precision=precision), on) for precision in ("float32", "bfloat16"))
    assert half.record["loss_last"] == pytest.approx(full.record["loss_last"], rel=0.2)
    assert {value.dtype for value in half.delta.tensors().values()} == {torch.float32}


def test_the_control_makes_the_last_layer_new_and_nothing_else(on: Base) -> None:
    """Uniform within 1 / sqrt(fan-in), others for another seed and another emitter; what is predicted does not depend on the prompt's image."""
    found, again, other = (
        next(NoiseControl().unlearn(on.pipe, [EMITTER], on.data, seed=seed)).delta.tensors() for seed in (1, 1, 2)
    )
    assert set(found) == {"unet.conv_out.weight", "unet.conv_out.bias"}
    layer = on.pipe.unet.conv_out
    bound = (layer.in_channels * 9) ** -0.5
    for name, value in found.items():
        assert value.shape == on.pipe.unet.get_parameter(name.removeprefix("unet.")).shape
        assert float(value.abs().max()) <= bound and torch.equal(value, again[name]) and not torch.equal(value, other[name])
    assert float(found["unet.conv_out.weight"].std()) == pytest.approx(bound / 3**0.5, rel=0.1)
