"""A small survey of each kind, collecting answers, for the tests of intake and pages."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from questionnaires.loader import load_questionnaire
from questionnaires.types import Questionnaire
from surveyapp import codes
from surveyapp.accounts import service as accounts
from surveyapp.collect import service
from surveyapp.collect.keys import Keyring
from surveyapp.collect.submission import Submission, parse
from surveyapp.db import Database
from surveyapp.models import (
    Device,
    FormCell,
    Frame,
    Invitation,
    RatedAgency,
    RecheckLink,
    SampleDraw,
    StoredMethod,
    StoredQuestionnaire,
    Survey,
    SurveyGroup,
    Unit,
)

DEFINITIONS = Path(service.__file__).parents[2] / "questionnaires" / "definitions"
NOW = datetime(2024, 11, 4, 2, tzinfo=UTC)
#: A form that needs few answers.
SMALL = """
code = "small"
version = 1
languages = ["vi", "en"]
respondents = ["person"]
rates = "one"
review = "cần đối chiếu văn bản gốc"
[title]
vi = "Phiếu nhỏ"
en = "A small form"
[purpose]
vi = "Mời Ông/Bà góp ý."
en = "Please tell us."
[[scales]]
code = "s"
options = [
  {code = "1", score = 1, text = {vi = "Rất không hài lòng", en = "Very dissatisfied"}},
  {code = "2", score = 2, text = {vi = "Không hài lòng", en = "Dissatisfied"}},
  {code = "3", score = 3, text = {vi = "Bình thường", en = "Neither"}},
  {code = "4", score = 4, text = {vi = "Hài lòng", en = "Satisfied"}},
  {code = "5", score = 5, text = {vi = "Rất hài lòng", en = "Very satisfied"}},
]
[[pages]]
code = "one"
title = {vi = "Chung", en = "Overall"}
[[pages.items]]
code = "q1"
kind = "choice"
scale = "s"
text = {vi = "Ông/Bà có hài lòng không?", en = "Are you satisfied?"}
[[pages]]
code = "two"
title = {vi = "Việc đã làm", en = "What you did"}
show_if = [{item = "q1", any_of = ["1", "2"]}]
[[pages.items]]
code = "q2"
kind = "choices"
options = [
  {code = "wait", text = {vi = "Chờ lâu", en = "Long wait"}},
  {code = "fee", text = {vi = "Phí cao", en = "High fee"}},
  {code = "none", text = {vi = "Không có gì", en = "Nothing"}},
]
exclusive = ["none"]
text = {vi = "Điều gì chưa tốt?", en = "What was bad?"}
[[pages]]
code = "three"
title = {vi = "Số lần", en = "Visits"}
[[pages.items]]
code = "q3"
kind = "number"
minimum = 0
maximum = 20
text = {vi = "Ông/Bà đã đến mấy lần?", en = "How many visits?"}
[[pages]]
code = "four"
title = {vi = "Góp ý", en = "Comments"}
[[pages.items]]
code = "q4"
kind = "text"
text = {vi = "Ông/Bà muốn góp ý điều gì?", en = "Anything to say?"}
"""


class World:
    """A survey with rated agencies A1 to A3, one cell per agency and one of all three."""

    def __init__(
        self, db: Session, kind: str = "service", form: str = "small", source: str = ""
    ) -> None:
        source = source or source_of(form)
        self.version = load_questionnaire(source, form).version
        db.add_all(
            [
                StoredQuestionnaire(
                    code=form,
                    version=self.version,
                    sha256=hashlib.sha256(source.encode()).hexdigest(),
                    source=source,
                    published_at=NOW,
                ),
                StoredMethod(code="m", version="1", sha256="0" * 64, source="", published_at=NOW),
            ]
        )
        db.flush()
        self.survey = Survey(
            code="ks-2024",
            title="Khảo sát thử",
            kind=kind,
            year=2024,
            state="collecting",
            plan={},
            plan_sha256="0" * 64,
            created_at=NOW,
        )
        self.form = form
        group = SurveyGroup(
            position=1,
            code="g",
            title="Các sở",
            quota=100,
            questionnaire_code=form,
            questionnaire_version=self.version,
            method_code="m",
            method_version="1",
        )
        self.survey.groups.append(group)
        db.add(self.survey)
        db.flush()
        for position, code in enumerate(("A1", "A2", "A3")):
            unit = Unit(code=code, name=f"Sở {code}", sort_key=code, valid_from=date(2020, 1, 1))
            db.add(unit)
            db.flush()
            db.add(
                RatedAgency(
                    survey_id=self.survey.id,
                    group_id=group.id,
                    unit_id=unit.id,
                    position=position,
                    code=code,
                    title=f"Sở {code}",
                )
            )
        self.cells = [
            self._cell(db, group.id, agencies)
            for agencies in (["A1"], ["A2"], ["A3"], ["A1", "A2", "A3"])
        ]
        db.flush()

    def _cell(self, db: Session, group_id: int, agencies: list[str]) -> FormCell:
        name = "+".join(agencies)
        cell = FormCell(
            survey_id=self.survey.id,
            code=name,
            group_id=group_id,
            stratum=name,
            agencies=agencies,
            persons=30,
        )
        db.add(cell)
        return cell

    def questionnaire(self) -> Questionnaire:
        """Return the definition of the form."""
        return load_questionnaire(source_of(self.form), self.form)

    def invite(self, db: Session, cell: int = 0, **more: Any) -> str:
        """Issue one invitation and return its code."""
        code = codes.make()
        db.add(
            Invitation(
                code_sha256=codes.sha256(code),
                survey_id=self.survey.id,
                cell_id=self.cells[cell].id,
                **more,
            )
        )
        db.flush()
        return code

    def device(self, db: Session, agency: str = "A1") -> tuple[Device, str]:
        """Pair a tablet; return it with its token."""
        token = codes.make()
        device = Device(
            token_sha256=codes.sha256(token),
            survey_id=self.survey.id,
            agency_code=agency,
            counter="Quầy 1",
            paired_at=NOW,
        )
        db.add(device)
        db.flush()
        return device, token

    def body(self, invitation: str | None, **more: Any) -> dict[str, Any]:
        """Return a right body; `more` replaces members."""
        members = {
            "survey": "ks-2024",
            "questionnaire": self.form,
            "version": self.version,
            "language": "vi",
            "mode": "web",
            "nonce": "n" * 32,
            "answers": {"q1": "4"},
        }
        if invitation is not None:
            members["invitation"] = invitation
        return {**members, **more}

    def submission(self, invitation: str | None, at: UUID | None = None, **more: Any) -> Submission:
        """Return a parsed submission."""
        return parse(at or uuid4(), as_bytes(self.body(invitation, **more)))


def source_of(form: str) -> str:
    """Return the text of a definition."""
    return SMALL if form == "small" else (DEFINITIONS / f"{form}.toml").read_text("utf-8")


def as_bytes(body: dict[str, Any]) -> bytes:
    """Return a body as a device sends it."""
    return json.dumps(body, ensure_ascii=False).encode()


def made(database: Database, kind: str = "service", form: str = "small") -> World:
    """Make a world and commit it."""
    with database.session() as db:
        world = World(db, kind, form)
        db.commit()
    return world


def codes_for(database: Database, world: World, cells: Sequence[int], **more: Any) -> list[str]:
    """Issue one invitation for each entry of `cells` and commit."""
    with database.session() as db:
        issued = [world.invite(db, cell, **more) for cell in cells]
        db.commit()
    return issued


def send(database: Database, keyring: Keyring, submission: Submission) -> service.Receipt:
    """Accept one submission in a transaction of its own."""
    with database.session() as db:
        receipt = service.accept(db, keyring, submission)
        db.commit()
    return receipt


def linked(database: Database, world: World) -> str:
    """Issue an invitation that is in the re-check subsample."""
    with database.session() as db:
        made = accounts.add(db, None, "truong-nhom", "Trưởng nhóm", ["manager"])
        frame = Frame(survey_id=world.survey.id, version=1, pop_size=30, imported_at=NOW)
        db.add(frame)
        db.flush()
        draw = SampleDraw(
            survey_id=world.survey.id,
            frame_id=frame.id,
            seed="hạt giống",
            frame_sha256="0" * 64,
            plan_sha256="0" * 64,
            plan={},
            recheck_secret_sha256="0" * 64,
            recheck_secret="0" * 64,
            announced_at=NOW,
            announced_by=accounts.find(db, made.login).id,
        )
        db.add(draw)
        db.flush()
        code = world.invite(db)
        db.add(RecheckLink(code_sha256=codes.sha256(code), draw_id=draw.id, unit_code="P01"))
        db.commit()
    return code
