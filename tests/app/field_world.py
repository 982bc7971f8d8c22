"""Drawn surveys for the tests and figures of field work: a small one, and 2024 in real size."""

import csv
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from surveyapp.actor import Actor
from surveyapp.fieldwork import service as fieldwork
from surveyapp.frames import service as frames
from surveyapp.frames.lists import read_list
from surveyapp.models import SampleDraw
from surveyapp.practice.raters import rater_rows
from surveyapp.samples import service as samples
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from surveyapp.surveys.plan import load_plan
from tests.app import sample_factory as make

PAR = "binh-dinh-par-2024"


def given_forms(db: Session, actor: Actor, reserve_share: str) -> SampleDraw:
    """Draw a small survey of raters and give the forms."""
    _survey, frame = make.survey_with(db, actor, make.RATERS_PLAN, make.raters())
    draw = make.drawn(db, actor, frame, few_reason="thử", reserve_share=reserve_share)
    fieldwork.assign(db, actor, draw)
    return draw


def par_plan(per_form: int | None = None) -> str:
    """Return the plan of 2024; forms of the province's agencies hold `per_form` of them."""
    text = definitions.plan_text(PAR)
    if per_form is None:
        return text
    return text.replace(
        "questionnaires = 400", f"questionnaires = 400\nagencies_per_form = {per_form}"
    )


def drawn_2024(
    db: Session, actor: Actor, folder: Path, plan_text: str, **choices: Any
) -> SampleDraw:
    """Import the simulated lists of the whole province, freeze them and draw."""
    survey = surveys.create_from_plan(db, actor, plan_text)
    rows = [row.cells for row in rater_rows(load_plan(plan_text), "2024")]
    path = folder / "lists.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = frames.import_rows(db, actor, survey, read_list(path, "raters"), key=b"k" * 32)
    if not report.is_good:
        raise AssertionError(list(map(str, report.problems))[:5])
    frame = surveys.latest_frame(db, survey)
    assert frame is not None
    frames.freeze(db, actor, frame)
    made = {"shortfall": "lower", "reason": "thử", "few_reason": "thử"} | choices
    announced = samples.announce(db, actor, frame, "2024-10-01", Choices(**made))
    return samples.draw(db, actor, announced)
