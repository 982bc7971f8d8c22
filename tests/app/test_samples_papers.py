"""The papers of a draw: the page to be signed, the two digests, the secret after the lock."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from sampling.witness import PublicNumber
from surveyapp import clock
from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.exports.draw_pdf import grouped
from surveyapp.models import Frame, RecheckUnit, SampleDraw, Survey
from surveyapp.practice import sampling_steps
from surveyapp.practice.world import Officials, World
from surveyapp.samples import papers, protocol_paper, service, witnessing
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import definitions
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN
from tests.app.test_samples_witness import LATER, TODAY
from tests.missing import give_up

PARTIES = ("Sở Nội vụ", "Ủy ban Mặt trận Tổ quốc Việt Nam tỉnh", "Thanh tra tỉnh")


def poppler(tool: str, *args: str, content: bytes) -> str:
    """Read a PDF with poppler."""
    if shutil.which(tool) is None:
        give_up(tool, "poppler-utils")
    command = [tool, *args]
    done = subprocess.run(command, input=content, capture_output=True, check=True)  # noqa: S603  poppler
    return done.stdout.decode()


def pages(content: bytes) -> int:
    found = re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", "-", content=content))
    return int(found[1])


def text_of(content: bytes) -> str:
    return poppler("pdftotext", "-layout", "-", "-", content=content)


def witnessed(db: Session, frame: Frame, choices: Choices, names=PARTIES) -> SampleDraw:
    """Draw before witnesses and a public number."""
    lottery = PublicNumber("Xổ số miền Bắc, giải đặc biệt", date(2024, 10, 5), 5)
    actors = [make.official(db, f"ben-{i}") for i in range(len(names))]
    with clock.set_to(TODAY):
        opened = witnessing.open_draw(db, actors[0], frame, choices, lottery)
        parts = [witnessing.make_part(db, *pair) for pair in _pairs(opened, actors, names)]
        witnessing.close(db, actors[0], opened)
    with clock.set_to(LATER):
        for actor, part in zip(actors, parts, strict=True):
            witnessing.reveal(db, actor, opened, part.part, part.nonce)
        witnessing.take_number(db, actors[0], opened, "01234")
        return service.draw(db, actors[0], opened)


def _pairs(opened: SampleDraw, actors, names):
    return [(actor, opened, name) for actor, name in zip(actors, names, strict=True)]


@pytest.fixture
def plan_2024(db: Session, tmp_path: Path) -> tuple[Survey, Frame]:
    """Freeze realistic lists of the 2024 plan."""
    actor = make.official(db)
    nothing = {"keyring": None, "send": None, "tick": None}
    officials = Officials(actor, actor)
    world = World(database=None, officials=officials, seed="1", lists=tmp_path, **nothing)
    text = definitions.plan_text("binh-dinh-par-2024")
    survey, _ = sampling_steps.create(db, world, text)
    sampling_steps.import_list(db, world, survey, text, b"k" * 32)
    return survey, sampling_steps.freeze(db, world, survey)[0]


def test_the_protocol_of_the_2024_plan_is_exactly_one_page(db: Session, plan_2024) -> None:
    survey, frame = plan_2024
    choices = Choices(shortfall="lower", reason="danh sách ít hơn chỉ tiêu", few_reason="thử")
    drawn = witnessed(db, frame, choices)

    content = papers.paper(db, survey, drawn, "protocol.pdf").content

    assert pages(content) == 1
    text = text_of(content)
    for said in ("BIÊN BẢN CHỌN MẪU", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "có chứng kiến"):
        assert said in text
    for digest in (drawn.frame_sha256, drawn.plan_sha256, protocol_digest(drawn.protocol)):
        assert all(group in text for group in grouped(digest).split())
    words = " ".join(text.split())
    for party in ("Sở Nội vụ", "Thanh tra tỉnh"):
        assert words.count(party) >= 2  # among the parties, and where it signs
    assert "01234" in words and "Tổng cộng" in words and "SỐ LIỆU MÔ PHỎNG" in words
    if len(drawn.protocol["strata"]) > 30:
        assert "SHA-256 phụ lục" in words


def test_a_small_draw_shows_every_stratum_and_who_looks_on(db: Session) -> None:
    actor = make.official(db)
    survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    drawn = make.drawn(db, actor, frame, few_reason="thử")
    content = papers.paper(db, survey, drawn, "protocol.pdf").content
    words = " ".join(text_of(content).split())
    assert pages(content) == 1
    assert "hạt giống tự chọn" in words and "Người chứng kiến" in words
    assert "Huyện An Lão" in words and "SHA-256 phụ lục" not in words
    assert papers.paper(db, survey, drawn, "protocol.pdf").content == content


def test_many_earlier_draws_and_parties_still_fit_on_the_page(db: Session) -> None:
    survey, frame = make.survey_with(db, make.official(db), RATERS_PLAN, make.raters())
    actor = make.official(db, "bo")
    for i in range(7):
        choices = Choices(few_reason="thử", reason=f"công bố lại lần {i} " + "vì " * 40)
        announced = service.announce(db, actor, frame, "hạt", choices)
        service.abandon(db, actor, announced, f"bỏ lần {i} vì " + "một lý do dài " * 18)
    names = [f"Ủy ban Mặt trận Tổ quốc Việt Nam huyện số {i}" for i in range(6)]
    drawn = witnessed(db, frame, Choices(few_reason="thử", reason="x" * 300), names)
    assert pages(papers.paper(db, survey, drawn, "protocol.pdf").content) == 1


def test_two_digests_are_explained_with_the_rows_in_between(db: Session) -> None:
    actor = make.official(db)
    everybody_leads = [
        make.row("x1", "provincial | council", rater_group="council",
                 own_agencies=["so-noi-vu", "so-tu-phap", "so-y-te"]),
    ]  # fmt: skip
    survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters() + everybody_leads)
    drawn = make.drawn(db, actor, frame, few_reason="thử")
    assert drawn.frame_sha256 != frame.sha256
    whole, sentence = protocol_paper.list_digests(db, [drawn])[drawn.id]
    assert whole == frame.sha256
    assert "91 dòng; chọn từ 90 dòng, vì 1 dòng không có cơ quan nào" in sentence
    words = " ".join(text_of(papers.paper(db, survey, drawn, "protocol.pdf").content).split())
    assert "vì 1 dòng không có cơ quan" in words


def test_the_secret_is_published_with_the_lock_and_verifies_the_files(
    database: Database, tmp_path: Path
) -> None:
    with database.session() as db:
        actor = make.official(db)
        survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        announced = service.announce(db, actor, frame, "hạt", Choices(few_reason="thử"))
        drawn = service.draw(db, actor, announced)
        assert drawn.protocol["counts"]["recheck"] == 6  # floor(0.1 x 64), said and hidden
        assert db.query(RecheckUnit).count() == 6
        with pytest.raises(AppError, match="SAMPLE-257"):
            papers.paper(db, survey, drawn, "recheck.secret")
        names = ("protocol.json", "frame.csv", "plan.toml")
        for name in names:
            content = papers.paper(db, survey, drawn, name).content
            assert drawn.recheck_secret.encode() not in content
            (tmp_path / name).write_bytes(content)
        survey.state, survey.locked_at = "locked", TODAY
        db.flush()
        secret = papers.paper(db, survey, drawn, "recheck.secret").content
        (tmp_path / "recheck.secret").write_bytes(secret)
        (tmp_path / "other").write_text("00" * 32, encoding="ascii")

    def verify(secret_file: str):
        frame_csv, plan, stored = (str(tmp_path / n) for n in ("frame.csv", *names[::-2]))
        files = ["--frame", frame_csv, "--plan", plan, "--protocol", stored]
        path = str(tmp_path / secret_file)
        return CliRunner().invoke(cli, ["sample", "verify", *files, "--recheck-secret", path])

    good = verify("recheck.secret")
    assert good.exception is None and "khớp" in good.output
    assert "recheck.secret_sha256" in str(verify("other").exception)
