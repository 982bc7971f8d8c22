"""For all tests: the same examples in every run, and one PostgreSQL for the session."""

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres_server import PostgresServer, find_programs, running_server

settings.register_profile(
    "shared",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")


def give_up(missing: str, packages: str) -> NoReturn:
    """Skip what needs `missing`; where the build server runs it, fail."""
    sentence = f"{missing} is missing; install it with: apt-get install {packages}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Serve a real PostgreSQL until the last test is done."""
    programs = find_programs()
    if programs is None:
        give_up("PostgreSQL", "postgresql")
    with running_server(programs) as server:
        yield server
