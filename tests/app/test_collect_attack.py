"""An attacker with frequent copies of the database, but without the keys, joins nothing.

She has every table after every few answers, the bytes of the database file and its write-ahead
log, the log output, the cells with their sizes; of a server with tablets also the counts of each
tablet and all files of the installation but the keys. She looks for the response that belongs to
one exchange, one spent invitation, one waiting answer, one tablet, or one moment.
"""

import hashlib
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Table, select, text

from surveyapp.collect import intake_key, release
from surveyapp.collect.keys import Keyring
from surveyapp.collect.rights import scope_of
from surveyapp.collect.service import Filing, accept_all
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Base, Response
from tests.app.collect_world import World, as_bytes, codes_for, made
from tests.app.sealed_body import sealed

ANSWERS = 150
FROM_TABLETS = 120
EVERY = 4
CELLS = 2
RELEASE_SIZE = 20
BEST_GUESS = 1 / 5
Copy = dict[str, list[dict[str, Any]]]


def copy_of(database: Database) -> Copy:
    """Return every table in the order in which the engine stores it."""
    with database.read_session() as db:
        return {
            table.name: [dict(row._mapping) for row in db.execute(_as_stored(table, database))]
            for table in Base.metadata.sorted_tables
        }


def _as_stored(table: Table, database: Database) -> Any:
    return select(table) if database.is_sqlite else select(table).order_by(text("ctid"))


def mark_of(number: int) -> str:
    """Return what the test finds an answer by: words that citizen number so wrote."""
    return f"dau{hashlib.sha256(str(number).encode()).hexdigest()[:12]}"


class Attack:
    """The copies, and what only the test knows: which answer arrived when."""

    def __init__(self, database: Database, keyring: Keyring, world: World, size: int) -> None:
        group: list[Filing] = []
        self._begin()
        cells = [number % CELLS for number in range(ANSWERS)]
        for number, code in enumerate(codes_for(database, world, cells)):
            mark = mark_of(number)
            submission = world.submission(code, answers={"q1": "4", "q4": mark})
            self.truth[submission.exchange_id] = mark
            group.append(Filing(submission))
            if number % size == size - 1 or number == ANSWERS - 1:
                with database.engine.begin() as connection:
                    accept_all(connection, keyring, group)
                group = []
                release.settle(database, keyring, world.survey.id, RELEASE_SIZE)
            if number % EVERY == EVERY - 1:
                self._copy(database)
        self._lock(database, keyring, world)

    def _begin(self) -> None:
        self.copies: list[Copy] = []
        self.bytes_before_release: list[tuple[bytes, set[str]]] = []
        self.truth: dict[str, str] = {}  # exchange id -> mark in the answer

    def _lock(self, database: Database, keyring: Keyring, world: World) -> None:
        with database.session() as db:
            release.release_all(db, keyring, world.survey.id)
            db.commit()
        release.destroy_spent_keys(database, keyring)
        self._copy(database)

    def _copy(self, database: Database) -> None:
        self.copies.append(copy_of(database))
        if database.is_sqlite:
            path = Path(str(database.engine.url.database))
            raw = b"".join(
                file.read_bytes() for file in (path, Path(f"{path}-wal")) if file.exists()
            )
            self.bytes_before_release.append((raw, self.still_waiting()))

    def still_waiting(self) -> set[str]:
        """Return the marks of the answers that are not released yet."""
        released = {row["answers"]["q4"] for row in self.copies[-1]["response"]}
        return set(self.truth.values()) - released

    def arrivals(self, table: str, key: str) -> list[list[str]]:
        """Return the keys that are new in each copy, in the order of storage."""
        seen: set[str] = set()
        new = []
        for copy in self.copies:
            keys = [row[key] for row in copy[table] if row[key] not in seen]
            seen.update(keys)
            new.append(keys)
        return new


@pytest.fixture(params=[1, EVERY], ids=["one by one", "stored in groups"])
def attack(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Attack:
    return Attack(database, Keyring(tmp_path / "keys"), made(database), request.param)


def test_an_attacker_with_hourly_copies_cannot_join_a_response_to_anything(
    attack: Attack, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(attack.copies[-1]["response"]) == ANSWERS
    no_clear_text_before_release(attack)
    no_value_links_a_response(attack)
    nothing_beside_the_answers_tells_two_of_a_release_apart(attack)
    every_vanished_answer_has_five_candidates(attack)
    storage_order_guesses_no_better_than_chance(attack)
    sealed_answers_have_one_length(attack)
    log = "".join(capfd.readouterr())
    assert not any(mark in log or at in log for at, mark in attack.truth.items())


def scope_in(row: dict[str, Any]) -> str:
    """Return what a response shares with those that it was released with."""
    return scope_of(row["cell_id"], row["device_agency"])


def no_clear_text_before_release(attack: Attack) -> None:
    for raw, waiting in attack.bytes_before_release:
        assert not any(mark.encode() in raw for mark in waiting)
    for copy in attack.copies:
        shown = {row["answers"]["q4"] for row in copy["response"]}
        others = str({name: rows for name, rows in copy.items() if name != "response"})
        assert not any(mark in others for mark in attack.truth.values())
        assert shown <= set(attack.truth.values())


def no_value_links_a_response(attack: Attack) -> None:
    """No response holds an id, or a usual digest of an id, of anything on the way in."""
    ids = {
        value
        for copy in attack.copies
        for table, keys in (
            ("exchange", ("id", "digest")),
            ("waiting_answer", ("id", "batch_id")),
            ("invitation", ("code_sha256",)),
            ("batch", ("id",)),
            ("device", ("token_sha256",)),
        )
        for row in copy[table]
        for value in (row[key] for key in keys)
    }
    digests = {
        make(value).hexdigest()[:32]
        for one in ids
        for value in (one.encode(), bytes.fromhex(one))
        for make in (hashlib.sha256, hashlib.sha1, hashlib.md5)
    }
    held = {str(value) for row in attack.copies[-1]["response"] for value in row.values()}
    assert not held & (ids | digests)


def nothing_beside_the_answers_tells_two_of_a_release_apart(attack: Attack) -> None:
    known = {"id", "answers"}
    for copy, before in zip(attack.copies[1:], attack.copies, strict=False):
        old = {row["id"] for row in before["response"]}
        kept = defaultdict(set)
        for row in copy["response"]:
            if row["id"] not in old:
                rest = tuple(str(row[key]) for key in sorted(row.keys() - known))
                kept[scope_in(row)].add(rest)
        assert all(len(rests) == 1 for rests in kept.values())


def every_vanished_answer_has_five_candidates(attack: Attack) -> None:
    """Cell and moment are known: at least five responses appear, or wait on, in that cell."""
    tried = 0
    for copy, before in zip(attack.copies[1:], attack.copies, strict=False):
        gone = {row["id"] for row in before["waiting_answer"]} - {
            row["id"] for row in copy["waiting_answer"]
        }
        scope = {row["id"]: row["scope"] for row in before["batch"]}
        old = {row["id"] for row in before["response"]}
        for row in before["waiting_answer"]:
            if row["id"] in gone:
                tried += 1
                candidates = [
                    new
                    for new in copy["response"]
                    if new["id"] not in old and scope_in(new) == scope[row["batch_id"]]
                ]
                assert 1 / len(candidates) <= BEST_GUESS
    assert tried >= len(attack.truth)


def storage_order_guesses_no_better_than_chance(attack: Attack) -> None:
    """Match the n-th exchange with the n-th response of each cell, by every stored order."""
    mark_of = {row["id"]: row["answers"]["q4"] for row in attack.copies[-1]["response"]}
    cell_of = {row["id"]: scope_in(row) for row in attack.copies[-1]["response"]}
    stored = [one for new in attack.arrivals("response", "id") for one in new]
    exchanges = [one for new in attack.arrivals("exchange", "id") for one in new]
    real_order = list(attack.truth)
    for order in (exchanges, real_order, sorted(real_order)):
        for responses in (stored, [row["id"] for row in attack.copies[-1]["response"]]):
            by_cell = [
                [one for one in responses if cell_of[one] == cell] for cell in set(cell_of.values())
            ]
            ways = [responses, *by_cell]
            for way in ways:
                step = len(order) // len(way)
                for start in range(step):
                    pairs = list(zip(order[start::step], way, strict=False))
                    hits = sum(attack.truth[at] == mark_of[one] for at, one in pairs)
                    assert hits / len(pairs) <= BEST_GUESS


def sealed_answers_have_one_length(attack: Attack) -> None:
    lengths = {len(row["sealed"]) for copy in attack.copies for row in copy["waiting_answer"]}
    assert len(lengths) == 1


class TabletAttack(Attack):
    """Sealed forms of tablets with their ledgers, and forms with codes, through the real server."""

    def __init__(self, app: Flask, database: Database, settings: Settings) -> None:
        world = made(database, "counter", "small")
        key, client = intake_key.public(settings.keys), app.test_client()
        with database.session() as db:
            paired = [world.device(db, f"A{1 + n % CELLS}") for n in range(2 * CELLS)]
            tablets = [(device.agency_code, token) for device, token in paired]
            db.commit()
        self._begin()
        self.files: list[bytes] = []
        self.sent_by: dict[str, str] = {}  # exchange id -> scope, as the tablets' counts tell it
        for number in range(FROM_TABLETS):
            agency, token = tablets[number % len(tablets)]
            at = uuid4()
            plain = world.body(
                None, mode="tablet", agency=agency, answers={"q1": "4", "q4": mark_of(number)}
            )
            self.truth[at.hex] = mark_of(number)
            self.sent_by[at.hex] = scope_of(None, agency)
            from_it = {"Authorization": f"Bearer {token}"}
            body = as_bytes(sealed(key, at, as_bytes(plain)))
            reply = client.put(f"/api/submissions/{at}", data=body, headers=from_it)
            assert reply.status_code == 201
            day = dict.fromkeys(("started", "completed", "received"), 1 + number // len(tablets))
            rest = {"day": "2024-11-04", "revision": number, "broken_off": 0}
            days = {"days": [{**day, **rest, "unsent": 0, "attention": 0}]}
            client.post("/api/device/ledger", json=days, headers=from_it).close()
            if number % EVERY == EVERY - 1:
                self._copy(database)
                self.files += [
                    path.read_bytes().replace(b"\0", b"")  # of the limits, most is empty
                    for path in settings.home.rglob("*")
                    if path.is_file() and settings.keys not in path.parents
                ]
        self._lock(database, Keyring(settings.keys), world)


@pytest.fixture
def tablets(app: Flask, database: Database, settings: Settings) -> TabletAttack:
    return TabletAttack(app, database, settings)


def test_an_attacker_who_reads_the_tablets_ledgers_too_cannot_join_a_response_to_anything(
    tablets: TabletAttack, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(tablets.copies[-1]["response"]) == FROM_TABLETS
    assert sum(row["accepted"] for row in tablets.copies[-1]["device_day"]) == FROM_TABLETS
    no_clear_text_before_release(tablets)
    no_value_links_a_response(tablets)
    nothing_beside_the_answers_tells_two_of_a_release_apart(tablets)
    every_vanished_answer_has_five_candidates(tablets)
    storage_order_guesses_no_better_than_chance(tablets)
    sealed_answers_have_one_length(tablets)
    who_sent_between_two_releases_guesses_no_better_than_chance(tablets)
    log = "".join(capfd.readouterr())
    for at, mark in tablets.truth.items():
        assert mark not in log and at not in log
        assert not any(mark.encode() in raw or at.encode() in raw for raw in tablets.files)


def who_sent_between_two_releases_guesses_no_better_than_chance(tablets: TabletAttack) -> None:
    """Match what an agency's tablets sent before a release, oldest first, with what came out."""
    hits = pairs = 0
    waiting: dict[str, list[str]] = defaultdict(list)
    empty: Copy = {"exchange": [], "response": []}
    for before, copy in pairwise([empty, *tablets.copies]):
        came = {row["id"] for row in copy["exchange"]} - {row["id"] for row in before["exchange"]}
        for at in tablets.truth:  # the very order of arrival
            if at in came:
                waiting[tablets.sent_by[at]].append(at)
        old = {row["id"] for row in before["response"]}
        for scope, sent in waiting.items():
            out = [row for row in copy["response"] if row["id"] not in old]
            found = [row["answers"]["q4"] for row in out if scope_in(row) == scope]
            taken, waiting[scope] = sent[: len(found)], sent[len(found) :]
            hits += sum(tablets.truth[at] == mark for at, mark in zip(taken, found, strict=True))
            pairs += len(found)
    assert pairs == FROM_TABLETS
    assert hits / pairs <= BEST_GUESS


def test_an_address_that_sends_a_right_code_leaves_no_trace_in_the_limits(
    app: Flask, database: Database, settings: Settings
) -> None:
    world = made(database)
    [code] = codes_for(database, world, [0])
    path = f"/api/submissions/{uuid4()}"
    from_home = {"REMOTE_ADDR": "198.51.100.7"}
    body = as_bytes(world.body(code))

    sent = app.test_client().put(path, data=body, environ_base=from_home)

    assert sent.status_code == 201
    files = [one for one in settings.home.rglob("limits-*") if one.is_file()]
    assert all(set(file.read_bytes()[32:]) == {0} for file in files)


def test_a_response_keeps_nothing_but_its_cell_day_and_answers() -> None:
    assert set(Response.__table__.columns.keys()) == {
        *("id", "survey_id", "cell_id", "device_agency", "questionnaire_code"),
        *("questionnaire_version", "language", "mode", "assisted", "answers", "ratings"),
        "received_on",
    }


def test_the_attack_finds_a_join_where_there_is_one(attack: Attack) -> None:
    """The same attack succeeds on a table that keeps the order of arrival or an id."""
    rows = attack.copies[-1]["response"]
    mark_first = {mark: number for number, mark in enumerate(attack.truth.values())}
    rows.sort(key=lambda row: mark_first[row["answers"]["q4"]])
    with pytest.raises(AssertionError):
        storage_order_guesses_no_better_than_chance(attack)
    rows[0]["id"] = next(iter(attack.truth))
    with pytest.raises(AssertionError):
        no_value_links_a_response(attack)
