"""What an architecture says of its size, in literals: a plan reads it without building a network or importing torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArchitectureDescription:
    """How large the models of an architecture are, and how long they train.

    Numbers of a model, weights and buffers: ``constant + per_class * classes + per_value * (C H W) + per_class_and_pixel * classes * (H W)``,
    at most 1 % too small.

    Attributes:
        kept, kept_per_pixel: numbers that a training step keeps of an image for the gradient, and further ones per pixel (H W).
        at_once: as the class has it.
        cpu, gpu: seconds that a training step of 256 images of 32 x 32 takes per model, on one core and on one GPU.
    """

    constant: int
    per_class: int
    cpu: float
    gpu: float
    per_value: int = 0
    per_class_and_pixel: int = 0
    kept: int = 0
    kept_per_pixel: int = 0
    at_once: int = 1

    def megabytes(self, classes: int, image_shape: tuple[int, int, int]) -> float:
        """MB of one model, in float32."""
        channels, height, width = image_shape
        pixels = height * width
        numbers = self.constant + self.per_class * classes + self.per_value * channels * pixels
        return 4e-6 * (numbers + self.per_class_and_pixel * classes * pixels)

    def megabytes_kept(self, image_shape: tuple[int, int, int]) -> float:
        """MB that a training step keeps of one image, in float32."""
        _, height, width = image_shape
        return 4e-6 * (self.kept + self.kept_per_pixel * height * width)
