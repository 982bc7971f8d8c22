"""Every page and every command has its roles in one table, and the table holds nothing else."""

from pathlib import Path

import click
import pytest
from flask import Flask

from surveyapp import cli, roles
from surveyapp.app import create_app
from surveyapp.config import Settings
from tests.databases import make_tables

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    home = tmp_path_factory.mktemp("routes")
    url = f"sqlite:///{home / 'survey.sqlite3'}"
    make_tables(url)
    return create_app(Settings(home=home, database_url=url))


def commands(group: click.Group, prefix: str = "") -> set[str]:
    names: set[str] = set()
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        full = f"{prefix} {name}".strip()
        names |= commands(command, full) if isinstance(command, click.Group) else {full}
    return names


def test_every_page_has_its_roles(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(roles.ENDPOINTS)


def test_every_command_has_its_roles() -> None:
    assert commands(cli.cli) == set(roles.COMMANDS)


def test_every_role_in_the_table_exists() -> None:
    known = set(roles.ROLES)
    for allowed in roles.ENDPOINTS.values():
        assert allowed == roles.PUBLIC or (allowed and allowed <= known)
    for allowed in roles.COMMANDS.values():
        assert allowed in (roles.NO_DATABASE, roles.SYSTEM) or (allowed and allowed <= known)


def test_a_page_for_officials_sends_a_stranger_to_sign_in(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if roles.ENDPOINTS[rule.endpoint] == roles.PUBLIC or "GET" not in rule.methods:
            continue
        values = dict.fromkeys(rule.arguments, 1 if "int:" in rule.rule else "x")
        with app.test_request_context():
            url = app.url_for(rule.endpoint, **values)
        assert client.get(url).location.startswith("/accounts/sign-in"), rule.endpoint
