"""What the signed protocol of a draw says: digests, seed, witnesses, counts, earlier draws."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Report
from sampling.canonical import json_digest
from sampling.protocol import protocol_digest
from sampling.types import KEY_SEPARATOR
from surveyapp.clock import VIETNAM, local_day
from surveyapp.exports.draw_pdf import CountRow, DrawPaper, grouped
from surveyapp.exports.numbers import NumberStyle, day
from surveyapp.models import Frame, SampleDraw, Survey, Unit
from surveyapp.samples.proposal import stratum_title

_count = NumberStyle().count
#: Earlier draws that are named one by one on the page; more are counted.
_NAMED = 4
_REASON_LENGTH = 150


def list_digests(db: Session, draws: Sequence[SampleDraw]) -> dict[int, tuple[str, str]]:
    """Return for each draw the digest of its list as it was frozen, and why it has another."""
    wanted = {drawn.frame_id for drawn in draws}
    frames = {one.id: one for one in db.scalars(select(Frame).where(Frame.id.in_(wanted)))}
    return {
        drawn.id: (frames[drawn.frame_id].sha256 or "", two_digests(frames[drawn.frame_id], drawn))
        for drawn in draws
    }


def two_digests(frame: Frame, drawn: SampleDraw) -> str:
    """Say in one sentence why the list as frozen and the rows drawn from have two digests."""
    left_out = int(drawn.plan["notes"].get("nothing_to_rate", "0"))
    if not left_out:
        return "Chọn từ đúng danh sách đã chốt, nên hai mã băm là một."
    rows = _count(frame.pop_size - left_out)
    return (
        f"Danh sách đã chốt có {_count(frame.pop_size)} dòng; chọn từ {rows} dòng, vì "
        f"{_count(left_out)} dòng không có cơ quan nào để đánh giá (chỉ có cơ quan của chính "
        "người đó hoặc cơ quan ngoài diện đo lường), nên có hai mã băm."
    )


def counts(survey: Survey, drawn: SampleDraw) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the strata drawn with their titles, by group in the order of the plan."""
    strata = drawn.protocol["strata"] if drawn.protocol else []
    group_of = {agency.code: agency.group_id for agency in survey.agencies}
    group_of |= {group.code: group.id for group in survey.groups}
    rows: dict[int, list[dict[str, Any]]] = {group.id: [] for group in survey.groups}
    for row in strata:
        first = row["stratum"].split(KEY_SEPARATOR)[0]
        rows[group_of[first]].append({**row, "title": stratum_title(survey, row["stratum"])})
    return [(group.title, rows[group.id]) for group in survey.groups]


def draw_paper(db: Session, survey: Survey, drawn: SampleDraw) -> DrawPaper:
    """Return the page of a draw that was carried out."""
    stored: Mapping[str, Any] = drawn.protocol or {}
    lead = db.get(Unit, survey.lead_unit_id) if survey.lead_unit_id else None
    issuing = lead.name.upper() if lead else "SỞ NỘI VỤ"
    report = Report(
        code=f"draw-{survey.code}",
        title=survey.title,
        agency=("ỦY BAN NHÂN DÂN TỈNH", issuing),
        issued_on=local_day(drawn.drawn_at) if drawn.drawn_at else None,
        place=survey.plan.get("province") or "................",
        kind="Biên bản chọn mẫu",
        sections=(),
        simulated=survey.is_practice,
    )
    annex = (
        "Số phiếu theo từng nhóm nhỏ ở phụ lục (mục strata của tệp biên bản); SHA-256 phụ lục:\n"
        + grouped(json_digest({"strata": stored["strata"]}))
    )
    facts = (
        *_fixed(db.get_one(Frame, drawn.frame_id), drawn),
        *_chance(stored),
        *_drawn(stored, drawn),
    )
    return DrawPaper(report, facts, tuple(_rows(survey, drawn)), annex, _signatures(stored))


def _fixed(frame: Frame, drawn: SampleDraw) -> Iterator[tuple[str, str]]:
    """Tell what was frozen before the seed."""
    yield "Công bố", f"{_instant(drawn.announced_at)}, trước khi chọn."
    sentence = two_digests(frame, drawn)
    own = grouped(drawn.frame_sha256)
    if frame.sha256 != drawn.frame_sha256:
        own = f"Đã chốt:\n{grouped(frame.sha256 or '')}\nChọn từ:\n{own}"
    yield "SHA-256 danh sách", f"{own}\n{sentence}"
    yield "SHA-256 chỉ tiêu", grouped(drawn.plan_sha256)
    if drawn.reason:
        yield "Lý do", _short(drawn.reason)


def _chance(stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell the seed, where it comes from and who has witnessed it."""
    seed, witness = stored["seed"], stored.get("witness")
    if seed is None:
        digest = grouped(stored["seed_sha256"])
        yield "SHA-256 hạt giống", f"{digest}\nNiêm phong đến khi đợt sau khóa số liệu."
        return
    yield "Hạt giống", f"{grouped(seed) if witness else seed}\n({stored['label']})"
    if not witness:
        return
    announced = witness["announcement"]
    parties = "; ".join(one["party"] for one in announced["commitments"])
    if parties:
        yield "Các bên góp hạt giống", f"{parties}; cam kết trước, mở sau."
    if public := announced.get("public"):
        value, on = witness["public_value"], day(date.fromisoformat(public["date"]))
        yield "Con số công khai", f"{public['source']}, ngày {on}: {value}"
    yield "SHA-256 bản công bố", grouped(witness["announcement_sha256"])


def _drawn(stored: Mapping[str, Any], drawn: SampleDraw) -> Iterator[tuple[str, str]]:
    """Tell how it was drawn, what came out, and what came before."""
    yield (
        "Cách chọn",
        "Ngẫu nhiên đơn giản trong từng nhóm: số của mỗi người là SHA-256 của hạt giống và mã, "
        "những số nhỏ nhất được chọn; ai có danh sách mã cũng tính lại được (sipas sample verify).",
    )
    counted, sealed = stored["counts"], stored.get("recheck")
    if drawn.drawn_at is not None:
        yield "Chọn lúc", f"{_instant(drawn.drawn_at)}: {_count(counted['main'])} phiếu."
    if sealed:
        yield (
            "Phúc tra",
            f"{_count(counted['recheck'])} phiếu hỏi lại, niêm phong đến khi khóa số liệu; SHA-256 "
            f"của bí mật:\n{grouped(sealed['secret_sha256'])}",
        )
    if earlier := stored["previous"]:
        told = [f"{i}. {_earlier(one)}" for i, one in enumerate(earlier[-_NAMED:], 1)]
        more = len(earlier) - _NAMED
        if more > 0:
            told.insert(0, f"{more} lần cũ hơn: xem mục previous của tệp biên bản.")
        yield "Các lần chọn trước", "\n".join(told)
    yield "SHA-256 biên bản", grouped(protocol_digest(stored))


def _earlier(one: Mapping[str, str]) -> str:
    """Name an earlier draw, or one that was given up, with its reason."""
    reason = f"; lý do: {_short(one['reason'])}" if one.get("reason") else ""
    seed = f", hạt giống «{one['seed']}»" if one.get("seed") else ""
    if digest := one.get("protocol_sha256"):
        return f"Biên bản {digest[:16]}…{seed}{reason}."
    return f"Đã công bố rồi bỏ{seed}{reason}."


def _rows(survey: Survey, drawn: SampleDraw) -> Iterator[CountRow]:
    for name, strata in counts(survey, drawn):
        pop_size, main, reserve = (
            sum(row[key] for row in strata) for key in ("pop_size", "main", "reserve")
        )
        yield CountRow(name, pop_size, main, reserve, is_sum=True)
        for row in strata:
            yield CountRow(row["title"], row["pop_size"], row["main"], row["reserve"], is_sum=False)


def _signatures(stored: Mapping[str, Any]) -> tuple[str, ...]:
    """Name who signs: the parties of a witnessed draw, else who drew and who looked on."""
    witness = stored.get("witness")
    parties = witness["announcement"]["commitments"] if witness else ()
    named = tuple(one["party"] for one in parties)
    return named or ("Người chọn mẫu", "Người duyệt", "Người chứng kiến")


def _short(reason: str) -> str:
    """Keep a reason to a line or two; the whole of it stands in protocol.json."""
    return textwrap.shorten(reason, _REASON_LENGTH, placeholder=" …") or reason[:_REASON_LENGTH]


def _instant(value: datetime) -> str:
    return f"{value.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}"
