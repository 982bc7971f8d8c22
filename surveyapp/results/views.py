"""Pages of results: run the analysis, look at the report, download it."""

import io

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from analysis.report import Box, Cell, Figure, Missing, Paragraph, ReportTable
from surveyapp import audit, roles, web
from surveyapp.collect.keys import Keyring
from surveyapp.collect.release import destroy_spent_keys
from surveyapp.errors import AppError
from surveyapp.exports.csv import write_csv
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.svg import figure_svg
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.models import Survey
from surveyapp.recheck import service as recheck
from surveyapp.results import document, readings, service
from surveyapp.results import review as reviews
from surveyapp.results.checking import quality_tables
from surveyapp.results.sealed import sealed_rows
from surveyapp.surveys import service as surveys

bp = Blueprint("results", __name__, url_prefix="/surveys/<code>/results")
STYLE = NumberStyle(decimals=2)
#: Columns that are set to the right.
NUMBERS = frozenset({"count", "percent", "points", "interval"})
#: Width of a picture inside a card of the page, px.
WIDTH = 1060
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """Show the latest run, or the button that makes it; refused before the lock."""
    db = web.reading()
    survey = surveys.find(db, code)
    service.require_locked(survey)
    if not service.has_run(db, survey):
        return render_template("results/index.html", survey=survey, practice=survey.is_practice)
    made = service.latest(db, survey)
    page = render_template(
        "results/index.html",
        sealed=sealed_rows(db, survey, STYLE) if web.actor().has_any(roles.COUNCIL) else None,
        survey=survey,
        practice=survey.is_practice,
        report=document.build(db, survey, made),
        cards=document.cards(db, survey, made),
        opened=request.args.get("open", ""),
        render=_render,
    )
    _look(survey)
    return page


@bp.get("/quality")
def quality(code: str) -> ResponseReturnValue:
    """Show how well forms come in: numbers by rule, before and after the lock."""
    db = web.reading()
    survey = surveys.find(db, code)
    return render_template(
        "results/quality.html",
        survey=survey,
        practice=survey.is_practice,
        tables=[readings.told_table(table) for table in quality_tables(db, survey)],
        reviews=web.actor().has_any(roles.ENDPOINTS["results.review"]),
        render=_render,
    )


@bp.get("/review")
def review(code: str) -> ResponseReturnValue:
    """List the forms that a rule points at, by their random ids, with what was decided."""
    db = web.reading()
    survey = surveys.find(db, code)
    forms = reviews.flagged_forms(db, survey)
    open_ = reviews.is_open(db, survey)
    return render_template(
        "results/review.html",
        survey=survey,
        practice=survey.is_practice,
        forms=forms,
        counts=reviews.counts(forms),
        is_open=open_,
        decides=open_ and web.actor().has_any(roles.ENDPOINTS["results.decide_forms"]),
        states=reviews.STATE_TITLES,
    )


@bp.post("/review")
def decide_forms(code: str) -> ResponseReturnValue:
    """Keep the chosen forms, or leave them out of the results, with a reason."""
    db = web.session()
    survey = surveys.find(db, code)
    decision = (request.form.get("state", ""), request.form.get("reason", ""))
    chosen = request.form.getlist("form")
    changed = reviews.decide(db, web.actor(), survey, chosen, decision)
    db.commit()
    flash(f"Đã ghi quyết định cho {STYLE.count(changed)} phiếu.")
    return redirect(url_for("results.review", code=code))


@bp.get("/lock")
def confirm_lock(code: str) -> ResponseReturnValue:
    """Say what the lock does, before it is done."""
    db = web.reading()
    survey = surveys.find(db, code)
    return render_template(
        "results/lock.html",
        survey=survey,
        practice=survey.is_practice,
        progress=surveys.progress(db, survey),
        recheck=recheck.progress(db, survey),
        warnings=surveys.warnings(survey, "locked"),
    )


@bp.post("/lock")
def lock(code: str) -> ResponseReturnValue:
    """Lock the data; nothing can be answered any more."""
    db = web.session()
    survey = surveys.find(db, code)
    keyring = Keyring(web.settings().keys)
    service.lock(db, web.actor(), survey, keyring)
    db.commit()
    destroy_spent_keys(web.database(), keyring)
    flash("Đã khóa số liệu.")
    return redirect(url_for("surveys.show", code=code))


@bp.post("/run")
def run(code: str) -> ResponseReturnValue:
    """Compute the results from the locked answers."""
    db = web.session()
    survey = surveys.find(db, code)
    service.run(db, web.actor(), survey)
    surveys.advance(db, web.actor(), survey, "analysed")
    db.commit()
    flash("Đã tính kết quả.")
    return redirect(url_for("results.index", code=code))


@bp.get("/report.<kind>")
def report(code: str, kind: str) -> ResponseReturnValue:
    """Download the report as PDF or as a workbook."""
    writers = {"pdf": (write_pdf, "application/pdf"), "xlsx": (write_xlsx, XLSX)}
    if kind not in writers:
        raise AppError(
            "RESULTS-104", f"Không có báo cáo dạng «{kind}».", "Chọn pdf hoặc xlsx.", 404
        )
    db = web.reading()
    survey = surveys.find(db, code)
    content = document.build(db, survey, service.latest(db, survey))
    write, mimetype = writers[kind]
    file = io.BytesIO()
    write(content, file)
    file.seek(0)
    _look(survey)
    return send_file(file, mimetype, as_attachment=True, download_name=f"{content.code}.{kind}")


@bp.get("/tables/<table>.csv")
def table(code: str, table: str) -> ResponseReturnValue:
    """Download one table as CSV."""
    db = web.reading()
    survey = surveys.find(db, code)
    content = document.build(db, survey, service.latest(db, survey))
    found = [each for each in content.tables() if each.code == table]
    if not found:
        raise AppError("RESULTS-105", "Không có bảng này.", "Về trang kết quả.", status=404)
    file = io.BytesIO()
    write_csv(found[0], file, simulated=survey.is_practice)
    file.seek(0)
    _look(survey)
    return send_file(file, "text/csv", as_attachment=True, download_name=f"{table}.csv")


@bp.get("/figures/<figure>.svg")
def figure(code: str, figure: str) -> ResponseReturnValue:
    """Download one picture as SVG."""
    db = web.reading()
    survey = surveys.find(db, code)
    content = document.build(db, survey, service.latest(db, survey))
    found = [each for each in content.figures() if each.code == figure]
    if not found:
        raise AppError("RESULTS-106", "Không có hình này.", "Về trang kết quả.", status=404)
    svg = figure_svg(found[0], STYLE, simulated=survey.is_practice)
    file = io.BytesIO(svg.encode())
    _look(survey)
    return send_file(file, "image/svg+xml", as_attachment=True, download_name=f"{figure}.svg")


def _look(survey: Survey) -> None:
    """Enter every look at results before publication in the audit trail, before they are sent.

    Called when all is put together: nobody waits to write while pages and files are made.
    """
    if survey.state != "published":
        db = web.session()
        audit.record(db, web.actor(), "results.look", survey.code)
        db.commit()


def _cells(table: ReportTable, row: tuple[Cell, ...]) -> list[tuple[str, int, bool]]:
    """Write a row: text, columns that it goes over, whether it is a number.

    The same reason in neighbouring cells is said once, as on paper.
    """
    told: list[tuple[str, int, bool]] = []
    for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
        if isinstance(cell, Missing) and place > 1 and cell == row[place - 1]:
            text, wide, _ = told[-1]
            told[-1] = (text, wide + 1, False)
        else:
            number = column.kind in NUMBERS and not isinstance(cell, Missing)
            told.append((STYLE.cell(column, cell), 1, number))
    return told


def _render(block: object, code: str, *, practice: bool) -> Markup:
    """Render one block of a report for the page."""
    if isinstance(block, Figure):
        svg = Markup(figure_svg(block, STYLE, simulated=practice, width=WIDTH))  # noqa: S704  our own SVG, escaped there
        return Markup(render_template("results/figure.html", figure=block, svg=svg, code=code))  # noqa: S704  autoescaped template
    name = {Paragraph: "paragraph", ReportTable: "table", Box: "box"}[type(block)]
    html = render_template(
        f"results/{name}.html",
        block=block,
        table=block.table if isinstance(block, Box) else block,
        cells=_cells,
        read=lambda table, row: readings.of_row(table, row, STYLE),
        code=code,
    )
    return Markup(html)  # noqa: S704  autoescaped template
