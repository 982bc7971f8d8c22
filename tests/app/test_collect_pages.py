"""Citizens' pages without JavaScript: code, questions, routing, errors, last look, sending."""

import re
import unicodedata
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from surveyapp import clock, codes, web
from surveyapp.app import create_app
from surveyapp.collect import draft, release
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Exchange, Invitation, Response, Survey, WaitingAnswer
from tests.app.collect_world import NOW, World, codes_for, made

HOME = "/s/ks-2024"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def engine_name() -> str:
    """Use one engine: the pages hold no queries of their own; intake is tested on both."""
    return "sqlite"


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


@pytest.fixture
def code(database: Database, world: World) -> str:
    return codes_for(database, world, [0])[0]


def opened(client: FlaskClient, code: str) -> FlaskClient:
    assert client.post(f"{HOME}/code", data={"invitation": code}).location == f"{HOME}/about"
    return client


def answered(client: FlaskClient, key: str, **fields: Any) -> str:
    """Answer one screen and return where that leads, or what is wrong."""
    sent = client.post(f"{HOME}/q/{key}", data={"go": "next", **fields})
    return sent.location or f"{sent.status_code}"


def finished(client: FlaskClient, code: str, text: str = "") -> FlaskClient:
    opened(client, code)
    assert answered(client, "one", q1="4") == f"{HOME}/q/three"
    assert answered(client, "three", q3="2") == f"{HOME}/q/four"
    assert answered(client, "four", q4=text) == f"{HOME}/check"
    return client


def stored(database: Database) -> list[dict[str, Any]]:
    """Release what waits and return it."""
    with database.read_session() as db:
        survey_id = db.scalars(select(Survey.id)).one()
    with database.session() as db:
        keyring = Keyring(stored.keys)  # type: ignore[attr-defined]
        release.release_all(db, keyring, survey_id)
        db.commit()
    with database.read_session() as db:
        return [dict(row.__dict__) for row in db.scalars(select(Response))]


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    stored.keys = settings.keys  # type: ignore[attr-defined]


def text_of(page: TestResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


@pytest.mark.usefixtures("world")
def test_the_start_tells_what_everybody_is_told(client: FlaskClient) -> None:
    page = client.get(HOME)

    assert page.status_code == 200
    assert "Mời Ông/Bà góp ý." in text_of(page)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"https?://|style=|<script(?! src)|\son\w+=", page.text)


def test_the_whole_way_stores_the_answers_once(
    client: FlaskClient, database: Database, code: str
) -> None:
    finished(client, code, text="Cảm ơn")

    sent = client.post(f"{HOME}/check", data={"go": "next"})
    again = client.post(f"{HOME}/check", data={"go": "next"})

    assert sent.location == f"{HOME}/thanks"
    assert again.status_code == 410  # nothing is left of the form in this browser
    [row] = stored(database)
    assert row["answers"] == {"q1": "4", "q3": 2, "q4": "Cảm ơn"}
    assert (row["mode"], row["language"]) == ("web", "vi")


def test_a_double_click_sends_one_form_and_thanks_twice(
    app: Flask, client: FlaskClient, database: Database, code: str
) -> None:
    finished(client, code)
    cookies = {name: client.get_cookie(name, path=HOME).value for name in draft.COOKIES[:1]}
    client.post(f"{HOME}/check", data={"go": "next"})
    second = app.test_client()
    for name, value in cookies.items():
        second.set_cookie(name, value, path=HOME)

    assert second.post(f"{HOME}/check", data={"go": "next"}).location == f"{HOME}/thanks"
    assert len(stored(database)) == 1


def test_the_code_is_read_however_it_is_written(client: FlaskClient, code: str) -> None:
    typed = f"  {codes.readable(code).lower().replace('0', 'o').replace('-', ' - ')} "

    assert client.post(f"{HOME}/code", data={"invitation": typed}).location == f"{HOME}/about"


def test_looking_and_entering_spend_nothing(
    client: FlaskClient, database: Database, code: str
) -> None:
    for path in ("", "/code", "/about", "/check", "/thanks", "/q/one"):
        client.get(f"{HOME}{path}#{code}")
    finished(client, code)

    with database.read_session() as db:
        assert not db.scalars(select(Invitation.is_spent)).one()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (None, "không có trong cuộc khảo sát"),
        ({"is_spent": True}, "đã được dùng"),
        ({"expires_on": NOW.date()}, "đã hết hạn ngày 04/11/2024"),
        ({"is_revoked": True}, "đã được thu hồi"),
    ],
    ids=["unknown", "spent", "expired", "revoked"],
)
def test_a_code_that_cannot_be_used_has_its_own_message(
    client: FlaskClient, database: Database, world: World, more: Any, words: str
) -> None:
    code = codes.make() if more is None else codes_for(database, world, [0], **more)[0]

    page = client.post(f"{HOME}/code", data={"invitation": code})

    assert page.status_code in {403, 409}
    assert words in text_of(page)
    assert "<title>Lỗi: " in page.text
    assert 'href="#invitation"' in page.text


def test_a_code_of_an_earlier_release_without_check_letters_works(
    client: FlaskClient, database: Database, world: World
) -> None:
    plain = "0123456789ABCDEFGHJKMNPQRS"
    with database.session() as db:
        place = {"survey_id": world.survey.id, "cell_id": world.cells[0].id}
        db.add(Invitation(code_sha256=codes.sha256(plain), **place))
        db.commit()

    opened(client, plain.lower())


@pytest.mark.parametrize("damage", ["short", "long", "swapped", "letter", "foreign"])
def test_a_typing_mistake_is_told_from_a_code_that_nobody_issued(
    client: FlaskClient, code: str, damage: str
) -> None:
    other = "0" if code[5] != "0" else "1"
    place = next(n for n in range(20) if code[n] != code[n + 1])
    typed = {
        "short": code[:-1],
        "long": code + "0",
        "swapped": f"{code[:place]}{code[place + 1]}{code[place]}{code[place + 2 :]}",
        "letter": f"{code[:5]}{other}{code[6:]}",
        "foreign": f"{code[:5]}U{code[6:]}",
    }[damage]

    page = client.post(f"{HOME}/code", data={"invitation": typed})

    assert page.status_code == 422
    assert "gõ chưa đúng" in text_of(page)
    assert typed in page.text  # so that she corrects one letter instead of typing all again


@pytest.mark.usefixtures("world")
def test_no_code_says_where_it_stands(client: FlaskClient) -> None:
    page = client.post(f"{HOME}/code", data={"invitation": " - "})

    assert page.status_code == 422
    assert "Mời Ông/Bà nhập mã phiếu in trên giấy mời." in text_of(page)


def test_a_question_comes_only_where_it_concerns(client: FlaskClient, code: str) -> None:
    opened(client, code)

    assert answered(client, "one", q1="2") == f"{HOME}/q/two"
    assert answered(client, "one", q1="4") == f"{HOME}/q/three"
    assert client.get(f"{HOME}/q/two").location == f"{HOME}/q/three"


def test_a_mind_changed_at_the_last_look_takes_hidden_answers_out(
    client: FlaskClient, database: Database, code: str
) -> None:
    opened(client, code)
    answered(client, "one", q1="1")
    answered(client, "two", q2=["wait", "fee"])
    answered(client, "three", q3="2")
    answered(client, "four")
    assert "Chờ lâu" in text_of(client.get(f"{HOME}/check"))

    changed = client.post(f"{HOME}/q/one?from=check", data={"go": "next", "q1": "5"})
    assert changed.location == f"{HOME}/check#row-q1"
    assert "Chờ lâu" not in text_of(client.get(f"{HOME}/check"))
    client.post(f"{HOME}/check", data={"go": "next"})
    [row] = stored(database)
    assert row["answers"] == {"q1": "5", "q3": 2}


def test_a_change_can_open_a_question_that_the_last_look_then_shows(
    client: FlaskClient, code: str
) -> None:
    finished(client, code)
    client.post(f"{HOME}/q/one?from=check", data={"go": "next", "q1": "1"})

    assert "Điều gì chưa tốt?" in text_of(client.get(f"{HOME}/check"))


def test_an_open_question_is_named_above_and_beside_it(client: FlaskClient, code: str) -> None:
    page = opened(client, code).post(f"{HOME}/q/one", data={"go": "next"})

    assert page.status_code == 422
    assert "<title>Lỗi: Câu 1 " in page.text
    assert page.text.count("Mời Ông/Bà chọn một câu trả lời") == 2
    assert 'href="#q1-1"' in page.text
    assert 'id="q1-1"' in page.text
    assert 'aria-describedby="q1-error"' in page.text


@pytest.mark.parametrize(
    ("key", "fields", "words"),
    [
        ("one", {"q1": "9"}, "không có trong các lựa chọn"),
        ("three", {"q3": "hai"}, "không đúng dạng"),
        ("three", {"q3": "21"}, "từ 0 đến 20"),
        ("three", {"q3": ["2", "dk"]}, "không đúng dạng"),
        ("four", {"q4": "a" * 501}, "dài quá 500"),
        ("four", {"q4": "a\x00"}, "không đọc được"),
    ],
)
def test_a_wrong_answer_is_shown_again_with_its_rule(
    client: FlaskClient, code: str, key: str, fields: dict[str, Any], words: str
) -> None:
    opened(client, code)

    page = client.post(f"{HOME}/q/{key}", data={"go": "next", **fields})

    assert page.status_code == 422
    assert words in text_of(page)


def test_an_exclusive_choice_stands_alone(client: FlaskClient, code: str) -> None:
    opened(client, code)
    answered(client, "one", q1="1")

    page = client.post(f"{HOME}/q/two", data={"go": "next", "q2": ["wait", "none"]})

    assert "«Không có gì» không đi cùng lựa chọn khác" in text_of(page)
    assert answered(client, "two", q2="dk") == f"{HOME}/q/three"


def test_back_keeps_the_answer_and_goes_one_question_back(client: FlaskClient, code: str) -> None:
    opened(client, code)
    answered(client, "one", q1="3")
    back = client.post(f"{HOME}/q/three", data={"go": "back", "q3": "7"})

    assert back.location == f"{HOME}/q/one"
    assert 'value="3" checked' in client.get(f"{HOME}/q/one").text
    assert 'value="7"' in client.get(f"{HOME}/q/three").text
    assert client.post(f"{HOME}/q/one", data={"go": "back"}).location == f"{HOME}/about"


def test_what_is_missing_at_the_end_is_named_and_nothing_is_sent(
    client: FlaskClient, database: Database, code: str
) -> None:
    opened(client, code)
    answered(client, "three", q3="2")

    page = client.post(f"{HOME}/check", data={"go": "next"})

    assert page.status_code == 422
    assert f'href="{HOME}/q/one?from=check&amp;row=row-q1"' in page.text
    with database.read_session() as db:
        assert db.scalars(select(WaitingAnswer)).all() == []


def test_free_text_is_kept_composed_and_never_becomes_part_of_the_page(
    client: FlaskClient, database: Database, code: str
) -> None:
    text = unicodedata.normalize("NFD", f"Đường xấu {SCRIPT}\r\n“hết”")
    finished(client, code, text=text)

    for path in ("/check", "/q/four"):
        assert SCRIPT not in client.get(f"{HOME}{path}").text
        assert "&lt;script&gt;" in client.get(f"{HOME}{path}").text
    client.post(f"{HOME}/check", data={"go": "next"})
    [row] = stored(database)
    assert row["answers"]["q4"] == f"Đường xấu {SCRIPT}\n“hết”"


@pytest.mark.usefixtures("world")
def test_a_wrong_code_is_not_reflected_unescaped(client: FlaskClient) -> None:
    page = client.post(f"{HOME}/code", data={"invitation": f'"{SCRIPT}'})

    assert SCRIPT not in page.text


def test_a_button_in_the_header_changes_the_look_and_keeps_the_choice(
    client: FlaskClient, code: str
) -> None:
    opened(client, code)

    for wish in ("language:en", "size:200", "contrast:1"):
        sent = client.post(f"{HOME}/q/one", data={"look": wish, "q1": "2"})
        assert sent.location == f"{HOME}/q/one"
    page = client.get(f"{HOME}/q/one")

    assert '<html lang="en" class="t200 strong">' in page.text
    assert "Are you satisfied?" in page.text
    assert 'value="2" checked' in page.text
    assert "Question 1/4" in page.text


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_english_start_is_called_by_the_form_and_vietnamese_names_are_marked(
    client: FlaskClient,
) -> None:
    assert '<h1 lang="vi">Khảo sát thử</h1>' in client.get(HOME).text
    client.set_cookie("sipas_look", "en.100.0", path="/")

    assert "<h1>A small form</h1>" in client.get(HOME).text
    assert '<p class="survey" lang="vi">Khảo sát thử</p>' in client.get(f"{HOME}/code").text


def test_a_form_without_english_stays_vietnamese(client: FlaskClient, database: Database) -> None:
    world = made(database, "sociological", "par_district")
    [code] = codes_for(database, world, [3])
    client.set_cookie("sipas_look", "en.100.0", path="/")
    opened(client, code)

    page = client.get(f"{HOME}/about")

    assert '<html lang="vi"' in page.text
    assert "English" not in page.text
    assert "Sở A2" in text_of(page)


def test_a_rater_of_one_agency_answers_topic_by_topic(
    client: FlaskClient, database: Database
) -> None:
    world = made(database, "sociological", "par_district")
    [code] = codes_for(database, world, [0])
    asked = world.questionnaire()
    location = opened(client, code).post(f"{HOME}/about", data={"go": "next"}).location
    seen = []
    while "/q/" in location:
        page = client.get(location)
        seen.append(re.search(r"Cơ quan 1/1|Câu \d", text_of(page))[0])
        names = re.findall(r'type="radio" id="[^"]+" name="([^"]+)"', page.text)
        location = client.post(location, data={"go": "next", **dict.fromkeys(names, "3")}).location
    client.post(f"{HOME}/check", data={"go": "next"})

    [row] = stored(database)
    topics = len({page.code for page in asked.pages if page.per_agency})
    assert seen.count("Cơ quan 1/1") == topics
    about_one = {item.code: "3" for item in asked.items if item.per_agency}
    assert row["ratings"] == {"A1": about_one}


def test_a_paired_tablet_needs_no_code_and_returns_to_the_start(
    client: FlaskClient, database: Database
) -> None:
    world = made(database, "counter", "counter")
    with database.session() as db:
        _, token = world.device(db, "A2")
        db.commit()
    assert client.get(f"{HOME}/q/visit").status_code == 410
    wrong = client.post("/device", data={"token": "ABC"})
    assert (wrong.status_code, "chưa được ghép" in text_of(wrong)) == (401, True)
    typed = codes.readable(token).lower()
    assert client.post("/device", data={"token": typed}).location == HOME

    location = client.post(HOME, data={"go": "next"}).location
    assert location == f"{HOME}/q/visit"
    while "/q/" in location:
        page = client.get(location)
        fields = dict(
            re.findall(r'type="radio" id="[^"]+" name="([^"]+)" value="([^"]+)"', page.text)
        )
        fields |= {"holder": "volunteer"} if "holder" in fields else {}
        location = client.post(location, data={"go": "next", **fields}).location
    assert client.post(f"{HOME}/check", data={"go": "next"}).location == f"{HOME}/thanks"

    thanks = client.get(f"{HOME}/thanks").text
    assert f'id="restart" href="{HOME}"' in thanks and "restart.js" in thanks
    [row] = stored(database)
    assert (row["device_agency"], row["mode"], row["assisted"]) == ("A2", "tablet", "volunteer")


def test_the_last_page_leaves_nothing_of_the_form_in_the_browser(
    client: FlaskClient, code: str
) -> None:
    finished(client, code)
    client.post(f"{HOME}/check", data={"go": "next"})

    assert all(client.get_cookie(name, path=HOME) is None for name in draft.COOKIES)
    assert client.get(f"{HOME}/q/one").status_code == 410
    assert client.get(f"{HOME}/check").status_code == 410


def test_an_unfinished_form_is_sealed_bound_to_its_survey_and_short_lived(
    client: FlaskClient, settings: Settings, code: str
) -> None:
    finished(client, code, text="bí mật")
    cookie = client.get_cookie(draft.COOKIES[0], path=HOME)
    key = Keyring(settings.keys).draft_key
    jar = {cookie.key: cookie.value}

    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert draft.from_cookies(jar, key, "ks-2024").given.answers["q4"] == "bí mật"
    assert draft.from_cookies(jar, key, "other") is None
    assert draft.from_cookies({cookie.key: cookie.value[:-8] + "AAAAAAAA"}, key, "ks-2024") is None
    with clock.set_to(clock.now() + draft.LIFETIME * 2):
        assert draft.from_cookies(jar, key, "ks-2024") is None


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("state", "words"), [("sampled", "chưa bắt đầu"), ("locked", "đã kết thúc")]
)
def test_a_survey_that_does_not_collect_says_so_politely(
    client: FlaskClient, database: Database, state: str, words: str
) -> None:
    with database.session() as db:
        db.execute(update(Survey).values(state=state))
        db.commit()

    page = client.get(HOME)

    assert page.status_code == 409
    assert words in text_of(page)
    assert client.get("/s/none").status_code == 404


def test_a_page_open_for_too_long_is_shown_again(
    settings: Settings, database: Database, code: str
) -> None:
    app = create_app(settings)  # with the protection of forms switched on
    client = app.test_client()
    page = client.get(f"{HOME}/code")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]

    refused = client.post(f"{HOME}/code", data={"invitation": code})
    taken = client.post(f"{HOME}/code", data={"invitation": code, "csrf_token": token})

    assert refused.location == f"{HOME}/code"
    assert taken.location == f"{HOME}/about"
    with database.read_session() as db:
        assert db.scalars(select(Exchange)).all() == []
    web.database_of(app).dispose()
