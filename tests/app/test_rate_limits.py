"""Rate limits: shared by processes, a sentence and a time to wait, nothing personal kept."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from surveyapp import clock, codes
from surveyapp.collect import rate_limits
from surveyapp.collect.rate_limits import Buckets, Limit, TooOftenError, prefix_of
from surveyapp.config import Settings
from surveyapp.db import Database
from tests.app.collect_world import as_bytes, made

NOON = datetime(2024, 11, 4, 5, tzinfo=UTC)
THREE = Limit("three", 3, 6)
OTHER_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from surveyapp import clock
from surveyapp.collect.rate_limits import Buckets, Limit
with clock.set_to(datetime(2024, 11, 4, 5, tzinfo=UTC)):
    Buckets(Path(sys.argv[1])).take(Limit("three", 3, 6), "a")
"""


@pytest.fixture
def engine_name() -> str:
    """Use one engine: the limits lie in a file of their own."""
    return "sqlite"


def taken(buckets: Buckets, who: str = "a") -> int:
    """Ask until refused; return how often it went."""
    for number in range(100):
        try:
            buckets.take(THREE, who)
        except TooOftenError:
            return number
    return 100


def test_a_bucket_gives_its_burst_and_then_fills_evenly(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path)
    with clock.set_to(NOON):
        assert taken(buckets) == 3
        with pytest.raises(TooOftenError) as caught:
            buckets.take(THREE, "a")
        assert (caught.value.status, caught.value.retry_after) == (429, 10)
        assert taken(buckets, "b") == 3
    with clock.set_to(NOON + timedelta(seconds=10)):
        assert taken(buckets) == 1
    with clock.set_to(NOON + timedelta(hours=5)):
        assert taken(buckets) == 3


def test_two_processes_share_the_buckets(tmp_path: Path) -> None:
    with clock.set_to(NOON):
        Buckets(tmp_path).take(THREE, "a")
        subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", OTHER_PROCESS, str(tmp_path)],
            check=True,
            cwd=Path(__file__).parents[2],
        )
        assert taken(Buckets(tmp_path)) == 1


def test_a_clock_that_is_set_back_gives_nothing(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path)
    with clock.set_to(NOON):
        assert taken(buckets) == 3
    with clock.set_to(NOON - timedelta(hours=1)):
        assert taken(buckets) == 0


def test_nothing_of_who_asked_is_kept_and_the_day_before_is_removed(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path)
    with clock.set_to(NOON):
        buckets.take(THREE, "203.0.113.7")
        [first] = tmp_path.iterdir()
        content = first.read_bytes()
    with clock.set_to(NOON + timedelta(days=1)):
        buckets.take(THREE, "203.0.113.7")
        [second] = tmp_path.iterdir()

    assert b"203" not in content
    assert not first.exists()
    assert content[:32] != second.read_bytes()[:32]
    assert second.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2ff:3::4", "2001:db8:1:200::/56"),
        ("unix:", ""),
        (None, ""),
    ],
)
def test_a_household_has_one_prefix(address: str | None, prefix: str) -> None:
    assert prefix_of(address) == prefix


def test_guessing_codes_is_refused_after_some_tries_with_a_sentence(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    made(database)
    with clock.set_to(NOON):
        tries = [
            client.post("/s/ks-2024/code", data={"invitation": codes.make()})
            for _ in range(rate_limits.CODES.burst + 1)
        ]
        pairing = client.post("/device", data={"token": "WRONG"})

    assert {answer.status_code for answer in tries[:-1]} == {403}
    assert tries[-1].status_code == 429
    assert int(tries[-1].headers["Retry-After"]) >= 1
    assert "Gửi quá nhiều lần" in tries[-1].text
    assert pairing.status_code == 429
    assert [path.name for path in (settings.home / "limits").iterdir()] == ["limits-2024-11-04"]


def test_a_device_that_sends_without_end_is_told_when_to_come_back(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = made(database, "counter")
    with database.session() as db:
        _, token = world.device(db, "A1")
        db.commit()
    monkeypatch.setattr(rate_limits, "DEVICE", Limit("device", 1, 60))
    headers = {"Authorization": f"Bearer {token}"}
    body = as_bytes(world.body(None, mode="tablet"))
    with clock.set_to(NOON):
        first, second = (
            client.put(
                f"/api/submissions/00000000-0000-4000-8000-00000000000{number}",
                data=body,
                headers=headers,
            )
            for number in range(2)
        )

    assert first.status_code == 201
    assert (second.status_code, second.json["code"]) == (429, "COLLECT-005")
    assert second.headers["Retry-After"] == "1"
    assert second.headers["Sipas"] == "1"
