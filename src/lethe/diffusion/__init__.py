"""The diffusion model under test: pipeline folders, deltas on a base, noise per image, batched generation.

Modules:
    pipeline: load a Stable Diffusion folder, check it, encode prompts, make schedulers.
    delta: an unlearned model as a change of its base; ``kinds`` holds the kinds, ``export`` writes it for
        other tools.
    noise: the initial latent of an image as a function of its identity.
    generate: many images of many models from one resident pipeline.
    tensors: byte-deterministic safetensors.
"""
