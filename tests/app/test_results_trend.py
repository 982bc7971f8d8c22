"""The index over the years: own published runs and documents, apart by triple, behind the gate."""

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from analysis.report import NOT_COMPARABLE, Box, Missing, ReportTable
from analysis.trend import TrendFigure
from surveyapp.actor import Actor
from surveyapp.exports.figure import Look
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf_styles import PORTRAIT_WIDTH
from surveyapp.exports.pictures import pictures
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.models import PublishedFigure, ResultRun, Survey
from surveyapp.results import document, service, trends, wording
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from tests.app import test_results

PLAN = "binh-dinh-service-2024"
#: What an earlier year tells.
TOLD = {"value": 80.0, "ci": [78.5, 81.5]}
actor, rated, served = test_results.actor, test_results.rated, test_results.served
#: How years are told; that they are read alike from both engines the other tests show.
SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])


def blocks(db: Session, survey: Survey) -> list[Any]:
    """Return what the first group of a survey with a run says of the years."""
    group = survey.groups[0]
    (content,) = [
        g for g in service.latest(db, survey).content["groups"] if g["code"] == group.code
    ]
    return trends.of_group(db, group, service.method_of(db, group), content)


def figure_and_table(db: Session, survey: Survey) -> tuple[TrendFigure, ReportTable]:
    figure, table = blocks(db, survey)
    assert isinstance(figure, TrendFigure)
    assert isinstance(table, ReportTable)
    return figure, table


def cells(table: ReportTable, place: int) -> dict[str, Any]:
    """Return a row by the keys of its columns."""
    keys = [column.key for column in table.columns]
    return dict(zip(keys, table.rows[place], strict=True))


def earlier(
    db: Session,
    actor: Actor,
    run: ResultRun,
    year: int,
    index: Mapping[str, Any] = TOLD,
    *,
    is_practice: bool = True,
) -> Survey:
    """Make a published survey of another year with the content of a run, but another index."""
    text = definitions.plan_text(PLAN).replace("2024", str(year))
    made = surveys.create_from_plan(db, actor, text, is_practice=is_practice)
    made.state = "published"
    content = {**run.content, "groups": [dict(each) for each in run.content["groups"]]}
    group = content["groups"][0]
    measure = group["measure"]
    rows = dict(group["estimates"][measure])
    rows[""] = {**rows[""], "index": {**rows[""]["index"], **index}}
    group["estimates"] = {**group["estimates"], measure: rows}
    db.add(
        ResultRun(
            survey_id=made.id,
            made_at=run.made_at,
            code_version="0",
            answers_sha256="0" * 64,
            content=content,
        )
    )
    db.flush()
    return made


def document_figure(db: Session, survey: Survey, **other: Any) -> None:
    """Store a figure of a document, of the survey's own triple unless told otherwise."""
    method = service.method_of(db, survey.groups[0])
    known = {
        "publisher": method.publisher,
        "population": method.population,
        "method_version": f"{method.code} {method.version}",
        "code": "index",
        "title": "Chỉ số hài lòng",
        "kind": "value",
        "source": "Văn bản thử",
    }
    db.add(PublishedFigure(**known | other))
    db.flush()


def test_one_year_is_no_trend_and_that_is_said(db: Session, actor: Actor, served: Survey) -> None:
    service.run(db, actor, served)
    (only,) = blocks(db, served)
    assert only.text == wording.ONE_YEAR


def test_an_earlier_published_run_is_joined_with_its_interval(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    run = service.run(db, actor, served)
    earlier(db, actor, run, 2023)

    figure, table = figure_and_table(db, served)
    (series,) = figure.series
    first, last = series.points
    assert (first.year, first.value, first.interval.low) == (2023, 80.0, 78.5)
    now = run.content["groups"][0]["estimates"]["mean_of_5"][""]["index"]
    assert (last.year, last.value, last.interval.high) == (2024, now["value"], now["ci"][1])
    assert list(series.joined()) == [(first, last)]
    assert [row[0] for row in table.rows] == ["2023", "2024"]
    moved = now["value"] - 80.0
    assert cells(table, 1)["difference"] == pytest.approx(moved)
    low, high = now["ci"]
    span = cells(table, 1)["difference_interval"]  # Zou & Donner (2008) for independent samples
    assert span.low == pytest.approx(moved - math.hypot(now["value"] - low, 81.5 - 80.0))
    assert span.high == pytest.approx(moved + math.hypot(high - now["value"], 80.0 - 78.5))


def test_a_document_of_a_year_with_a_run_is_beside_it_and_in_no_difference(
    db: Session, actor: Actor, served: Survey
) -> None:
    run = service.run(db, actor, served)
    earlier(db, actor, run, 2023)
    document_figure(db, served, year=2023, value=70.0)
    document_figure(db, served, year=2024, value=71.0)

    figure, table = figure_and_table(db, served)
    (series,) = figure.series
    ((before, after),) = series.joined()
    assert [(each.year, each.source) for each in (before, after)] == [(2023, "run"), (2024, "run")]
    told = {(row[0], row[1].split(",")[0]): cells(table, n) for n, row in enumerate(table.rows)}
    first = Missing("năm đầu của loạt số")
    assert told["2023", "số đã công bố"]["difference"] == first
    assert told["2023", "kết quả khảo sát"]["difference"] == first
    assert told["2024", "số đã công bố"]["difference"] == pytest.approx(71.0 - 80.0)
    now = told["2024", "kết quả khảo sát"]
    assert now["difference"] == pytest.approx(after.value - 80.0)
    assert now["difference_interval"].low < now["difference"] < now["difference_interval"].high


@pytest.mark.parametrize(("keep", "people"), [("0", "khác nhau"), ("1/4", "chung")])
def test_two_waves_that_share_people_have_a_difference_without_an_interval(
    db: Session, actor: Actor, served: Survey, keep: str, people: str
) -> None:
    run = service.run(db, actor, served)
    first = earlier(db, actor, run, 2023)
    served.follows_id, served.wave_keep = first.id, keep
    db.flush()

    now = cells(figure_and_table(db, served)[1], 1)
    assert isinstance(now["difference"], float)
    shared = now["difference_interval"] == Missing("hai đợt có người chung")
    assert shared == (people == "chung")


@pytest.mark.parametrize("state", ["locked", "analysed", "appraised", "approved"])
def test_a_run_under_embargo_is_in_no_trend(
    db: Session,
    actor: Actor,
    served: Survey,
    state: str,
) -> None:
    other = earlier(db, actor, service.run(db, actor, served), 2023)
    other.state = state
    db.flush()
    assert len(blocks(db, served)) == 1


def test_practice_and_later_years_are_in_no_trend(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    run = service.run(db, actor, served)
    earlier(db, actor, run, 2022, is_practice=False)
    earlier(db, actor, run, 2025)
    assert len(blocks(db, served)) == 1


def test_a_run_that_passed_no_gate_is_in_no_trend(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    run = service.run(db, actor, served)
    other = earlier(db, actor, run, 2023)
    (stored,) = db.query(ResultRun).filter_by(survey_id=other.id)
    stored.content = {"groups": stored.content["groups"]}
    db.flush()
    assert len(blocks(db, served)) == 1


def test_a_hidden_year_is_a_gap_with_its_reason_and_no_difference(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    run = service.run(db, actor, served)
    earlier(db, actor, run, 2022)
    earlier(db, actor, run, 2023, {"value": None, "se": None, "ci": None, "hidden": "base", "n": 9})

    figure, table = figure_and_table(db, served)
    assert figure.series[0].points[1].value == Missing("dưới 10")
    assert list(figure.series[0].joined()) == []
    hidden = cells(table, 1)
    assert {hidden[key] for key in ("value", "interval", "difference")} == {Missing("dưới 10")}
    assert cells(table, 2)["difference"] == Missing("2023 dưới 10")


@SQLITE
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"method_version": "service 0"}, "khác phương pháp"),
        ({"population": "Hộ gia đình"}, "khác đối tượng"),
        ({"publisher": "Bộ Nội vụ"}, "khác nơi công bố"),
    ],
)
def test_another_triple_is_a_break_and_never_subtracted(
    db: Session,
    actor: Actor,
    served: Survey,
    other: dict[str, str],
    said: str,
) -> None:
    service.run(db, actor, served)
    document_figure(db, served, year=2023, value=82.66, **other)

    figure, table = figure_and_table(db, served)
    assert len(figure.series) == 2
    assert all(list(each.joined()) == [] for each in figure.series)
    reasons = [cells(table, place)["difference"].reason for place in (0, 1)]
    assert reasons.count("năm đầu của loạt số") == 1
    assert [reason for reason in reasons if reason.startswith(said)]
    (published,) = [cells(table, k) for k in (0, 1) if table.rows[k][0] == "2023"]
    assert published["interval"] == Missing("số công bố không kèm sai số")


def test_of_two_surveys_of_a_year_the_own_one_is_joined(
    db: Session, actor: Actor, served: Survey
) -> None:
    run = service.run(db, actor, served)
    earlier(db, actor, run, 2022)
    earlier(db, actor, run, 2023, {"value": 70.0, "ci": [68.0, 72.0]}).year = 2024
    db.flush()

    figure, _ = figure_and_table(db, served)
    ((_, after),) = figure.series[0].joined()
    assert (after.year, after.sample) == (2024, served.id)


@SQLITE
def test_years_go_from_left_to_right_however_many_methods_were_used(
    db: Session, actor: Actor, served: Survey
) -> None:
    service.run(db, actor, served)
    for number in range(7):
        for year in range(2015, 2020):
            document_figure(db, served, year=year, value=80.0, method_version=f"cũ {number}")

    *figures, table = blocks(db, served)
    assert len(table.rows) == 7 * 5 + 1
    assert len({each.triple for figure in figures for each in figure.series}) == 8
    assert len({figure.code for figure in figures}) == len(figures) > 1
    look, style = Look(PORTRAIT_WIDTH, 9.5), NumberStyle()
    for figure in figures:
        (drawn,) = pictures(figure, look, style, simulated=False, max_height=600)
        places = [each.x for each in drawn.shapes if getattr(each, "role", "") == "year"]
        assert places == sorted(set(places))
        assert 0 < places[0] < places[-1] < PORTRAIT_WIDTH


def test_targets_of_the_plan_stand_beside_with_their_year(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    service.run(db, actor, served)
    document_figure(db, served, year=2025, kind="target", value=85.25)

    figure, table = figure_and_table(db, served)
    assert [(t.year, t.value) for t in figure.series[0].targets] == [(2025, 85.25)]
    assert table.rows[-1][0] == "2025"
    assert cells(table, -1)["target"] == 85.25


@SQLITE
def test_every_row_of_a_year_shows_its_target(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    service.run(db, actor, served)
    for year in (2023, 2024):
        document_figure(db, served, year=year, value=71.0)
    document_figure(db, served, year=2024, kind="target", value=85.25)

    _, table = figure_and_table(db, served)
    none = ("2023", Missing("chưa có chỉ tiêu"))
    assert [(row[0], row[-1]) for row in table.rows] == [none, ("2024", 85.25), ("2024", 85.25)]


@SQLITE
def test_ranks_of_other_documents_are_no_figures(
    db: Session,
    actor: Actor,
    served: Survey,
) -> None:
    service.run(db, actor, served)
    document_figure(db, served, year=2023, kind="rank", value=12)
    document_figure(db, served, year=2025, kind="target_rank", value=11)
    assert len(blocks(db, served)) == 1


@SQLITE
def test_points_of_raters_have_no_interval_for_the_mean(
    db: Session,
    actor: Actor,
    rated: Survey,
) -> None:
    service.run(db, actor, rated)
    group = rated.groups[2]
    method = service.method_of(db, group)
    content = service.latest(db, rated).content["groups"][2]
    document_figure(
        db,
        rated,
        publisher=method.publisher,
        population=method.population,
        method_version=f"{method.code} {method.version}",
        code="total",
        year=2023,
        value=21.5,
    )
    figure, table = trends.of_group(db, group, method, content)
    assert isinstance(figure, TrendFigure)
    assert isinstance(table, ReportTable)
    (series,) = figure.series
    assert [point.interval for point in series.points] == [None, None]
    assert cells(table, 1)["interval"] == Missing("không tính cho trung bình nhóm")
    assert cells(table, 1)["difference"] == pytest.approx(content["mean"] - 21.5)


@SQLITE
def test_fields_of_others_have_a_picture_where_two_years_are_known(
    db: Session,
    actor: Actor,
) -> None:
    text = definitions.FIGURES.read_text(encoding="utf-8")
    surveys.import_published_figures(db, actor, text)
    pictures = [each for each in trends.of_documents(db) if isinstance(each, TrendFigure)]
    assert [each.title[:3] for each in pictures] == ["I. ", "II."]
    methods = {each.method for picture in pictures for each in picture.series}
    (method,) = methods  # of a shipped method that no survey here uses
    assert method.startswith("«Chỉ số hài lòng về sự phục vụ hành chính (SIPAS), phiếu mẫu A»")
    values = [[p.value for p in each.series[0].points] for each in pictures]
    assert values == [[85.24], [81.56]]
    assert [each.series[0].targets[0].value for each in pictures] == [85.25, 82.69]


@SQLITE
def test_a_box_says_whether_its_figures_are_of_the_same_kind(
    db: Session, actor: Actor, served: Survey
) -> None:
    run = service.run(db, actor, served)
    document_figure(db, served, year=2023, value=82.66)
    document_figure(db, served, year=2023, value=83.94, publisher="Bộ Nội vụ")
    boxes = [each for each in document.build(db, served, run).blocks() if isinstance(each, Box)]
    told = {box.title: box.caveat for box in boxes}
    assert told["Số liệu do Bộ Nội vụ công bố"] == NOT_COMPARABLE
    assert told["Số liệu do Ủy ban nhân dân tỉnh công bố"] == wording.OWN_TRIPLE
    assert {box.table.rows[0][0] for box in boxes if box.table} == {"Chỉ số hài lòng"}


def test_page_workbook_and_file_show_the_trend(
    db: Session,
    actor: Actor,
    served: Survey,
    signed_in: Callable[..., FlaskClient],
) -> None:
    run = service.run(db, actor, served)
    document_figure(db, served, year=2023, value=82.66)
    report = document.build(db, served, run)
    file = io.BytesIO()
    write_xlsx(report, file)
    book = load_workbook(file)
    sheet = next(s for s in book if "Chỉ số hài lòng qua các năm" in s.title)
    assert 82.66 in [cell.value for row in sheet for cell in row]
    db.commit()
    client = signed_in("analyst")
    page = client.get(f"/surveys/{served.code}/results/").text
    assert 'id="fig-provincial-trend-title"' in page
    svg = client.get(f"/surveys/{served.code}/results/figures/provincial-trend.svg")
    assert "2023: 82,66%." in svg.text
    assert svg.mimetype == "image/svg+xml"


@SQLITE
def test_a_method_is_called_by_its_title_wherever_people_read(
    db: Session, actor: Actor, served: Survey
) -> None:
    run = service.run(db, actor, served)
    document_figure(db, served, year=2023, value=82.66)
    document_figure(db, served, year=2023, value=80.0, method_version="cũ 7")
    figure, table = figure_and_table(db, served)
    title = service.method_of(db, served.groups[0]).title["vi"]
    assert {each.method for each in figure.series} == {f"«{title}», phiên bản 1", "cũ 7"}
    sources = [str(row[1]) for row in table.rows]
    assert any(title in source for source in sources)
    assert not any("service 1" in source for source in sources)
    report = document.build(db, served, run)
    told = [block.text for block in report.blocks() if hasattr(block, "text")]
    assert not any("service 1" in text for text in told if text.startswith("Phương pháp"))
    boxes = [each for each in report.blocks() if isinstance(each, Box)]
    texts = [paragraph.text for box in boxes for paragraph in box.paragraphs]
    for method in (f"«{title}», phiên bản 1", "«cũ 7»"):
        assert any(f"Phương pháp: {method}. Nguồn" in text for text in texts)
        assert wording.BREAK.format(method) in texts
