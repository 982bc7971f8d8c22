"""For all tests: the same examples in every run, and one PostgreSQL for the session."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import browser, context  # noqa: F401  fixtures
from tests.missing import give_up
from tests.postgres_server import PostgresServer, find_programs, running_server

settings.register_profile(
    "shared",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Serve a real PostgreSQL until the last test is done."""
    programs = find_programs()
    if programs is None:
        give_up("PostgreSQL", "postgresql")
    with running_server(programs) as server:
        yield server
