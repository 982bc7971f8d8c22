"""Reproducible chance: every part of a simulation has its own generator, made from the seed."""

import hashlib

import numpy as np


def digest(seed: str, *labels: object) -> bytes:
    """Return the 32 bytes of SHA-256 over the seed and what they are for."""
    parts = ("sipas practice", seed, *(str(label) for label in labels))
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def generator(seed: str, *labels: object) -> np.random.Generator:
    """Return the generator of one part; drawing more in one part changes no other."""
    return np.random.default_rng(int.from_bytes(digest(seed, *labels)))
