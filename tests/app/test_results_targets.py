"""The survey's own results against targets: inside one triple only, decided by the interval."""

import pytest
from sqlalchemy.orm import Session

from analysis.report import Missing
from surveyapp.models import PublishedFigure, Survey
from surveyapp.results import service, targets
from tests.app.results_world import manager, survey_of

WHOLE = {
    "index": {"value": 85.0, "ci": [83.0, 87.0]},
    "II.1": {"value": 80.0, "ci": [78.0, 82.0]},
    "II.2": {"value": 90.0, "ci": [86.0, 93.0]},
    "II.3": {"value": None, "ci": None, "hidden": "base"},
}
COLUMNS = (("index", "Chung"), ("II.1", "Tiếp cận"), ("II.2", "Thủ tục"), ("II.3", "Công chức"))
AIMS = {"index": 83.0, "II.1": 82.5, "II.2": 88.0, "II.3": 80.0}


@pytest.fixture
def survey(db: Session) -> Survey:
    return survey_of(db, manager(db), "binh-dinh-service-2024")


def rows(db: Session, survey: Survey, **other: object) -> dict[object, tuple]:
    method = service.method_of(db, survey.groups[0])
    same = {
        "publisher": method.publisher,
        "population": method.population,
        "method_version": f"{method.code} {method.version}",
        "title": "x",
        "source": "Kế hoạch thử",
    } | other
    for code, value in AIMS.items():
        db.add(PublishedFigure(code=code, kind="target", year=2024, value=value, **same))
    for code, year, value in (("index", 2022, 84.0), ("II.1", 2021, 79.0)):
        db.add(PublishedFigure(code=code, kind="value", year=year, value=value, **same))
    db.flush()
    found = targets.target_table(db, ("provincial", 2024), method, COLUMNS, WHOLE)
    assert {table.columns[-2].title for table in found} <= {"Năm 2022"}
    return {row[0]: row[1:] for table in found for row in table.rows}


def test_a_target_is_reached_missed_or_not_decided(db: Session, survey: Survey) -> None:
    found = rows(db, survey)
    verdicts = [found[title][3] for _, title in COLUMNS[:3]]
    assert verdicts == ["đạt", "không đạt", "chưa kết luận được"]
    assert found["Chung"][4:] == (84.0, 1.0)
    assert found["Tiếp cận"][4:] == (Missing("chưa có số liệu năm 2022"),) * 2  # not that of 2021
    assert set(found["Công chức"]) == {Missing("dưới 10")}  # not even its target beside it


@pytest.mark.parametrize("other", ["publisher", "population", "method_version"])
def test_another_triple_is_never_compared(db: Session, survey: Survey, other: str) -> None:
    assert rows(db, survey, **{other: "nơi khác"}) == {}
