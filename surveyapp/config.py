"""Settings of one installation, read once from the environment and refused at once if wrong."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from surveyapp.errors import AppError

_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data lies and how the program runs."""

    #: Folder of database, keys and backups (SURVEY_HOME).
    home: Path
    #: SQLAlchemy URL (SURVEY_DATABASE_URL); a SQLite file in `home` by default.
    database_url: str
    #: Whether browsers may send the cookies over plain HTTP: unless SURVEY_SECURE_COOKIES=1, or the
    #: server has a certificate of its own.
    insecure_cookies: bool = True
    #: So many proxies of one's own stand in front and say who asks, and how (SURVEY_PROXIES).
    proxies: int = 0
    #: Answers wait until so many are released together, at least 5 (SURVEY_RELEASE_SIZE).
    release_size: int = 20
    #: Address of the program for citizens, printed in letters (SURVEY_ADDRESS); "": as asked for.
    public_address: str = ""

    @property
    def keys(self) -> Path:
        """Folder of keys; never in a backup of the database."""
        return self.home / "keys"

    @property
    def backups(self) -> Path:
        """Folder of backups."""
        return self.home / "backups"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; every fault is a sentence that names the variable."""
    home = Path(environ.get("SURVEY_HOME") or _usual_home()).absolute()
    url = environ.get("SURVEY_DATABASE_URL") or f"sqlite:///{home / 'survey.sqlite3'}"
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.partition("://")[2]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise AppError(
            "APP-001",
            "SURVEY_DATABASE_URL không phải địa chỉ SQLite hoặc PostgreSQL.",
            "Đặt theo mẫu sqlite:////đường/dẫn/tệp.sqlite3 hoặc postgresql://người-dùng@máy/tên.",
        )
    return Settings(
        home=home,
        database_url=url,
        insecure_cookies=environ.get("SURVEY_SECURE_COOKIES", "0") != "1",
        proxies=_proxies(environ.get("SURVEY_PROXIES", "0")),
        release_size=_release_size(environ.get("SURVEY_RELEASE_SIZE", "20")),
        public_address=_address(environ.get("SURVEY_ADDRESS", "")),
    )


def _usual_home() -> Path:
    """Return the clone's `var`, where `make run` keeps the data, or a folder of the user's own."""
    var = Path("var")
    return var if var.is_dir() else Path.home() / ".local" / "share" / "sipas"


def _release_size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 5:
        raise AppError(
            "APP-002",
            f"SURVEY_RELEASE_SIZE là «{text}», phải là số nguyên từ 5 trở lên.",
            "Bỏ biến này để dùng mức mặc định 20.",
        )
    return int(text)


def _proxies(text: str) -> int:
    if text not in {"0", "1", "2", "3"}:
        raise AppError(
            "APP-012",
            f"SURVEY_PROXIES là «{text}», phải là số máy chủ trung gian, từ 0 đến 3.",
            "Bỏ biến này nếu trình duyệt nối thẳng tới chương trình.",
        )
    return int(text)


def _address(text: str) -> str:
    text = text.strip().rstrip("/")
    if text and not _ADDRESS.fullmatch(text):
        raise AppError(
            "APP-009",
            f"SURVEY_ADDRESS là «{text}», phải là địa chỉ trang web.",
            "Đặt theo mẫu https://khaosat.tinh.gov.vn, không có dấu ? hoặc #.",
        )
    return text
