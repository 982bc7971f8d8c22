"""Commands on tablets and on answers that wait."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from surveyapp import clock, codes
from surveyapp.actor import Actor
from surveyapp.cli import cli
from surveyapp.collect.keys import Keyring
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import AuditEntry, Device, FormDraft, Response, Survey
from tests.app.collect_world import World, codes_for, made, send

Run = Callable[..., Result]


@pytest.fixture
def world(database: Database) -> World:
    return made(database, "counter")


@pytest.fixture
def run(database_url: str, tmp_path: Path, official: Callable[..., Actor]) -> Run:
    official("admin", login="quan-tri")
    environment = {"SURVEY_HOME": str(tmp_path), "SURVEY_DATABASE_URL": database_url}
    return lambda *words: CliRunner().invoke(cli, words, env=environment)


def pair(run: Run, agency: str = "A1") -> Result:
    options = ("--survey", "ks-2024", "--agency", agency, "--counter", "Quầy 2")
    return run("device", "pair", *options, "--as", "quan-tri")


@pytest.mark.usefixtures("world")
def test_a_token_is_printed_once_and_only_its_hash_is_kept(run: Run, database: Database) -> None:
    printed = pair(run).output.split()[-1]

    with database.read_session() as db:
        [device] = db.scalars(select(Device))
        [entry] = db.scalars(select(AuditEntry).where(AuditEntry.action == "pair device"))
    assert device.token_sha256 == codes.sha256(printed)
    assert (device.agency_code, device.counter, device.seen_on) == ("A1", "Quầy 2", None)
    assert printed not in str(entry.detail)


@pytest.mark.usefixtures("world")
def test_an_agency_that_is_not_asked_about_is_refused(run: Run, database: Database) -> None:
    refused = pair(run, "A9")

    assert refused.exit_code != 0
    assert isinstance(refused.exception, AppError)
    assert refused.exception.code == "COLLECT-041"
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Device)) == 0


@pytest.mark.usefixtures("world")
def test_a_revoked_tablet_stays_on_the_list(run: Run) -> None:
    pair(run)
    assert "đang dùng\tks-2024\tA1\tQuầy 2\tchưa gửi phiếu nào" in run("device", "list").output

    assert run("device", "revoke", "1", "--as", "quan-tri").exit_code == 0
    assert "đã thu hồi" in run("device", "list").output


def test_a_server_releases_what_waits_on_it(
    run: Run, database: Database, world: World, tmp_path: Path
) -> None:
    keyring = Keyring(tmp_path / "keys")
    for code in codes_for(database, world, [0] * 3):
        send(database, keyring, world.submission(code))

    assert "Đã mở 3 phiếu." in run("collect", "release", "--survey", "ks-2024").output

    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Response)) == 3
    assert keyring.batches() == set()


@pytest.mark.parametrize(("state", "left"), [("collecting", 1), ("locked", 0), ("published", 0)])
def test_a_release_drops_the_unfinished_forms_of_a_locked_survey_only(
    run: Run, database: Database, world: World, state: str, left: int
) -> None:
    with database.session() as db:  # as a backup of before the lock brings them back
        unfinished = {"sealed": b"x", "expires_on": clock.today()}
        db.add(FormDraft(id="0" * 64, survey_id=world.survey.id, **unfinished))
        db.get_one(Survey, world.survey.id).state = state
        db.commit()

    assert run("collect", "release", "--survey", "ks-2024").exit_code == 0

    with database.read_session() as db:
        assert len(db.scalars(select(FormDraft)).all()) == left
