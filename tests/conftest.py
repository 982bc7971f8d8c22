"""For all tests: the same examples in every run; one Chromium, PostgreSQL and nursery of servers."""

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import browser, context  # noqa: F401  fixtures
from tests.databases import (  # noqa: F401  fixtures
    database_url,
    empty_database_url,
    engine_name,
    postgres,
    postgres_template,
)
from tests.faults.server import nursery  # noqa: F401  fixture

settings.register_profile(
    "shared",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: no process is then left alone with one of them at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("browser", "faults"))
