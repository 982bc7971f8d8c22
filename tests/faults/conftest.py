"""For the fault suite: servers that can be killed, a short and a full run, and the figures."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from surveyapp.config import Settings, load

#: `make faults` sets it; without it the suite takes seconds.
FULL = os.environ.get("FAULTS") == "full"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Give the settings of an installation that is served with the program's own defaults."""
    return load({"SURVEY_HOME": str(tmp_path / "home"), "SURVEY_DATABASE_URL": database_url})


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Give a way to report figures; `make faults` prints them at the end."""

    def report(**values: object) -> None:
        for name, value in values.items():
            record_property(name, value)

    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all tests."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.when == "call" and report.user_properties:
            values = ", ".join(f"{name} {value}" for name, value in report.user_properties)
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {values}")
