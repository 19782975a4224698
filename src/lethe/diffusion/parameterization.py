"""What a denoiser is to predict: the noise (``epsilon``, Ho et al. 2020) or the velocity v (Salimans and Ho 2022, arXiv 2202.00512).

With a latent noised as x_t = a x_0 + s eps, a^2 + s^2 = 1, it is

    v = a eps - s x_0,        eps = a v + s x_t.

Papers write losses with eps. Every loss here is a squared error of one prediction at (x_t, t), or between combinations of predictions at the
same (x_t, t) whose coefficients add up to 1 (guidance, negative guidance). There eps_1 - eps_2 = a (v_1 - v_2), so the formula in eps
is the same formula in v, row by row with the weight a^2. It is taken in what the base itself predicts:

- a base was trained on that loss, which is what a paper means by the loss of a diffusion model;
- released code that compares predictions compares the outputs of the UNet as they are (CA, ESD also on models that predict a velocity);
- a^2 vanishes towards pure noise (0.005 at the last step of Stable Diffusion, 0 with a zero terminal SNR), so that nothing would be
  learnt at those timesteps at which it is decided what is drawn.

A base that predicts the noise keeps every bit: both functions then return what they are given.
"""

from __future__ import annotations

from torch import Tensor

from lethe.diffusion.pipeline import Scheduler
from lethe.diffusion.supported import NOISE, PREDICTIONS


def check_prediction(scheduler: Scheduler) -> None:
    """Raise a ``ValueError`` if the scheduler's ``prediction_type`` is neither of the two."""
    if (found := scheduler.config.prediction_type) not in PREDICTIONS:
        raise ValueError(f"prediction_type is '{found}'; allowed: {', '.join(PREDICTIONS)}")


def target_of(scheduler: Scheduler, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """What a denoiser is to predict of latents ``clean`` ``(n, c, h, w)`` noised with ``noise`` to ``timesteps`` ``(n,)``."""
    if scheduler.config.prediction_type == NOISE:
        return noise
    signal, spread = _scales(scheduler, timesteps)
    return signal * noise - spread * clean


def noise_of(scheduler: Scheduler, prediction: Tensor, noisy: Tensor, timesteps: Tensor) -> Tensor:
    """The noise that a prediction ``(n, c, h, w)`` for latents ``noisy`` at ``timesteps`` ``(n,)`` stands for; undoes ``target_of``."""
    if scheduler.config.prediction_type == NOISE:
        return prediction
    signal, spread = _scales(scheduler, timesteps)
    return signal * prediction + spread * noisy


def _scales(scheduler: Scheduler, timesteps: Tensor) -> tuple[Tensor, Tensor]:
    """a and s of each timestep, ``(n, 1, 1, 1)``."""
    kept = scheduler.alphas_cumprod.to(timesteps.device)[timesteps][:, None, None, None]
    return kept.sqrt(), (1 - kept).sqrt()
