"""An attacker with frequent copies of the database, but without the keys, joins nothing.

She has every table after every few answers, the bytes of the database file and its write-ahead
log, the log output, the cells with their sizes. She looks for the response that belongs to one
exchange, one spent invitation, one waiting answer, or one moment.
"""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select, text

from surveyapp.collect import release
from surveyapp.collect.keys import Keyring
from surveyapp.collect.service import Filing, accept_all
from surveyapp.db import Database
from surveyapp.models import Base, Response
from tests.app.collect_world import World, codes_for, made

ANSWERS = 150
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


class Attack:
    """The copies, and what only the test knows: which answer arrived when."""

    def __init__(self, database: Database, keyring: Keyring, world: World, size: int) -> None:
        group: list[Filing] = []
        self.copies: list[Copy] = []
        self.bytes_before_release: list[tuple[bytes, set[str]]] = []
        self.truth: dict[str, str] = {}  # exchange id -> mark in the answer
        cells = [number % CELLS for number in range(ANSWERS)]
        for number, code in enumerate(codes_for(database, world, cells)):
            mark = f"dau{hashlib.sha256(str(number).encode()).hexdigest()[:12]}"
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
                kept[row["cell_id"]].add(rest)
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
                    if new["id"] not in old and f"cell:{new['cell_id']}" == scope[row["batch_id"]]
                ]
                assert 1 / len(candidates) <= BEST_GUESS
    assert tried >= ANSWERS


def storage_order_guesses_no_better_than_chance(attack: Attack) -> None:
    """Match the n-th exchange with the n-th response of each cell, by every stored order."""
    mark_of = {row["id"]: row["answers"]["q4"] for row in attack.copies[-1]["response"]}
    cell_of = {row["id"]: row["cell_id"] for row in attack.copies[-1]["response"]}
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
