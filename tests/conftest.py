"""For all tests: the same examples in every run, one Chromium and one PostgreSQL for the session."""

from hypothesis import HealthCheck, settings

from tests.chromium import browser, context  # noqa: F401  fixtures
from tests.databases import (  # noqa: F401  fixtures
    database_url,
    empty_database_url,
    engine_name,
    postgres,
    postgres_template,
    sqlite_template,
)

settings.register_profile(
    "shared",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")
