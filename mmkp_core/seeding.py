"""Random numbers that depend on a seed and a purpose, never on what else was drawn before."""

import hashlib
import random

import numpy as np


def seed_for(seed: int, *purpose: str | int) -> int:
    """A seed of its own for one purpose: `seed_for(7, "epoch", 3)`."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    return np.random.default_rng(seed_for(seed, *purpose))


def python_generator(seed: int, *purpose: str | int) -> random.Random:
    return random.Random(seed_for(seed, *purpose))
