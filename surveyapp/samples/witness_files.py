"""Files of a witnessed draw: commitments, secrets, the announcement, what the parties reveal."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from sampling import witness
from sampling.canonical import canonical, json_digest
from sampling.errors import WitnessError
from surveyapp import clock
from surveyapp.errors import AppError
from surveyapp.samples.frame_files import read_object
from surveyapp.samples.refusals import translated

COMMITMENT, SECRET_PART = "commitment.json", "secret.json"
REVEAL_FORMAT = "sipas-sample-reveal"


def write_part(folder: Path, part: witness.Part) -> None:
    """Write what a party hands over and, for its owner only, what it keeps to itself."""
    write_new(folder / SECRET_PART, asdict(part), secret=True)
    write_new(folder / COMMITMENT, asdict(part.commitment))


def write_new(path: Path, content: Mapping[str, Any], *, secret: bool = False) -> None:
    """Write a JSON file that does not exist yet."""
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if secret else 0o644
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise AppError(
            "SAMPLE-160", f"Đã có tệp «{path}»; không ghi đè.", "Chọn tên khác.", status=409
        ) from error
    except OSError as error:
        raise AppError(
            "SAMPLE-161",
            f"Không ghi được tệp «{path}»: {error.strerror}.",
            "Chọn nơi khác, hoặc kiểm tra quyền ghi và chỗ trống trên đĩa.",
        ) from error


def read_commitments(paths: Iterable[Path]) -> list[witness.Commitment]:
    """Read the commitments that the parties have handed over."""
    with translated():
        return [witness.read_commitment(read_object(path), path.name) for path in paths]


def read_public(text: str | None, digits: int | None) -> witness.PublicNumber | None:
    """Read "Xổ số miền Bắc, giải đặc biệt, 25/11/2026": source, then the day."""
    if text is None:
        return None
    source, _, day = text.rpartition(",")
    day = re.sub(r"^(\d{1,2})/(\d{1,2})/(\d{4})$", r"\3-\2-\1", day.strip())
    try:
        on = date(*map(int, day.split("-")))
    except (TypeError, ValueError):
        on = None
    if on is None or not canonical(source) or digits is None:
        raise AppError(
            "SAMPLE-162",
            f"Con số công khai «{text}» thiếu nguồn, ngày hoặc số chữ số.",
            'Ví dụ: --public "Xổ số miền Bắc, giải đặc biệt, 25/11/2026" --public-digits 5.',
        )
    return witness.PublicNumber(canonical(source), on, digits)


def public_number(named: Mapping[str, Any] | None) -> witness.PublicNumber | None:
    """Read a public number back from how an announcement holds it."""
    if named is None:
        return None
    return witness.PublicNumber(named["source"], date.fromisoformat(named["date"]), named["digits"])


def reveal(announced: Mapping[str, Any], secret: Mapping[str, Any]) -> dict[str, Any]:
    """Open the part of a party for one announcement, in which its commitment stands."""
    with translated():
        part = witness.read_part(secret, SECRET_PART)
        listed = announced.get("commitments")
        if not isinstance(listed, list) or asdict(part.commitment) not in listed:
            raise WitnessError("late", "commitments", part.party)
    return {
        "format": REVEAL_FORMAT,
        "announcement_sha256": json_digest(announced),
        **asdict(part),
    }


def witnessed_seed(
    announced: Mapping[str, Any], reveals: Iterable[Path], public_value: str | None
) -> tuple[str, dict[str, Any]]:
    """Make the seed of an announcement, the parts revealed for it and its public number."""
    digest = json_digest(announced)
    parts = []
    with translated():
        for path in reveals:
            entry = read_object(path)
            if entry.get("announcement_sha256") != digest:
                said = entry.get("announcement_sha256")
                raise WitnessError("announcement", path.name, said, digest)
            parts.append(witness.read_part(entry, path.name))
        seed, section = witness.witnessed(announced, parts, public_value)
    refuse_early(announced)
    return seed, section


def refuse_second_wave(*, is_second: bool) -> None:
    """Refuse a seed made before witnesses for a wave that must use the seed of the first."""
    if is_second:
        raise AppError(
            "SAMPLE-269",
            "Đợt sau dùng lại hạt giống của đợt trước nên không lập hạt giống mới trước các bên.",
            "Chọn đợt sau như thường, để trống hạt giống (trên tệp: sipas sample draw --first).",
            status=409,
        )


def refuse_early(announced: Mapping[str, Any]) -> None:
    """Refuse a public number whose day has not come."""
    public = announced.get("public")
    if public and clock.today() < date.fromisoformat(public["date"]):
        raise AppError(
            "SAMPLE-163",
            f"Con số công khai là của ngày {public['date']}, chưa đến ngày đó.",
            "Chọn mẫu từ ngày đã hẹn.",
            status=409,
        )
