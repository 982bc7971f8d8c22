"""Simulated lists: the sizes of the province, posts that persons share, dossiers of all kinds."""

from collections import Counter

import pytest

from surveyapp.frames.headings import FILES, RATERS
from surveyapp.practice.raters import SIZES, rater_rows
from surveyapp.practice.transactions import TOO_FEW, transaction_rows
from surveyapp.surveys.definitions import plan_text
from surveyapp.surveys.plan import Plan, load_plan


@pytest.fixture(scope="module")
def par() -> Plan:
    return load_plan(plan_text("binh-dinh-par-2024"))


@pytest.fixture(scope="module")
def service() -> Plan:
    return load_plan(plan_text("binh-dinh-service-2024"))


def test_the_lists_of_raters_have_the_sizes_of_the_province(par: Plan) -> None:
    titles = {raters.title: raters.code for group in par.groups for raters in group.raters}

    assert Counter(titles[row.group] for row in rater_rows(par, "1")) == dict(SIZES)


def test_some_persons_hold_two_posts_under_one_code_and_one_name(par: Plan) -> None:
    posts: dict[str, list] = {}
    for row in rater_rows(par, "1"):
        posts.setdefault(row.code, []).append(row)
    double = [rows for rows in posts.values() if len(rows) > 1]

    assert len(double) > 20
    assert all(len({row.name for row in rows}) == 1 for rows in double)
    assert all(len({row.group for row in rows}) == 2 for rows in double)
    assert any(row.office == "Sở Nội vụ" for rows in double for row in rows)


def test_heads_of_divisions_name_the_agencies_of_their_line(par: Plan) -> None:
    provincial = set(par.groups[0].agencies)
    lines = [row.line for row in rater_rows(par, "1") if row.line]

    assert {agency for line in lines for agency in line} == provincial
    assert max(map(len, lines)) == 4


def test_dossiers_have_all_outcomes_and_are_mostly_filed_online(service: Plan) -> None:
    rows = list(transaction_rows(service, "1"))
    online = sum(row["Hình thức nộp"] == "trực tuyến" for row in rows) / len(rows)

    assert {row["Kết quả"] for row in rows} == {"đã cấp", "từ chối", "trả lại"}
    assert {row["Đối tượng"] for row in rows} == {"cá nhân", "tổ chức"}
    assert 0.68 < online < 0.72
    assert len({row["Mã hồ sơ"] for row in rows}) == len(rows)
    assert len({(row["Họ tên"], row["Điện thoại"]) for row in rows}) < len(rows)


def test_all_agencies_but_two_have_hundreds_or_thousands_of_dossiers(service: Plan) -> None:
    counted = Counter(row["Cơ quan"] for row in transaction_rows(service, "1"))
    few = {agency: n for agency, n in counted.items() if n < service.min_transactions}

    assert few == TOO_FEW
    assert set(counted) == {agency for group in service.groups for agency in group.agencies}
    assert min(n for agency, n in counted.items() if agency not in few) >= 300


def test_the_rows_stand_under_the_headings_of_the_templates(par: Plan, service: Plan) -> None:
    raters = [heading.title for heading in RATERS if heading.field != "birth"]
    files = [heading.title for heading in FILES if heading.field != "due_on"]
    assert list(rater_rows(par, "1")[0].cells) == raters
    assert list(next(transaction_rows(service, "1"))) == files


def test_the_same_seed_gives_the_same_lists_and_phones_are_clearly_invented(par: Plan) -> None:
    rows = rater_rows(par, "1")

    assert rows == rater_rows(par, "1")
    assert rows != rater_rows(par, "2")
    assert all(row.phone.startswith("0000") for row in rows)
