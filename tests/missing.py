"""What a test does where a program that it needs is missing."""

import os
from typing import NoReturn

import pytest


def give_up(missing: str, packages: str) -> NoReturn:
    """Skip the test; where the build server runs it, fail."""
    sentence = f"{missing} is missing; install it with: apt-get install {packages}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
