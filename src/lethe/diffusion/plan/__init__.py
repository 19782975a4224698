"""Which entities, bases and unlearned models of the diffusion family a configuration has, and their files."""
