"""Commands on surveys and frames: scriptable, refused in Vietnamese with exit code 1."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from surveyapp import cli
from surveyapp.actor import Actor
from surveyapp.config import Settings

RATERS = (
    "Họ và tên,Nhóm người đánh giá,Địa bàn,Cơ quan công tác\n"
    "Nguyễn Văn An,Đại biểu Hội đồng nhân dân tỉnh,,Sở Y tế\n"
)


@pytest.fixture
def sipas(
    settings: Settings,
    official: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run `sipas` as a process would: exit code, stdout, stderr."""
    official("manager", "approver", login="lanh-dao")
    official("analyst", login="phan-tich")
    monkeypatch.setenv("SURVEY_HOME", str(settings.home))
    monkeypatch.setenv("SURVEY_DATABASE_URL", settings.database_url)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sipas", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_a_survey_is_prepared_by_commands_alone(sipas, tmp_path: Path) -> None:
    who = ("--as", "lanh-dao")
    code, out, _ = sipas("survey", "create", "--shipped", "binh-dinh-par-2024", *who, "--json")
    assert code == 0
    assert json.loads(out)["quotas"] == {"provincial": 400, "district": 630, "central": 70}
    path = tmp_path / "ds.csv"
    path.write_text(RATERS, encoding="utf-8")
    given = ("--survey", "par-2024", str(path), *who)
    assert "Danh sách không có lỗi: 2 dòng" in sipas("frame", "import", *given, "--dry-run")[1]
    code, out, err = sipas("frame", "import", *given, "--json")
    assert (code, json.loads(out)["rows"], json.loads(out)["version"]) == (0, 2, 1)
    assert "kế hoạch cần 400 phiếu" in err
    freeze = ("frame", "freeze", "--survey", "par-2024", *who, "--json")
    code, _, err = sipas(*freeze)
    assert (code, "[FRAME-049]" in err) == (1, True)
    code, out, _ = sipas(*freeze, "--confirm", "FRAME-049")
    assert len(json.loads(out)["sha256"]) == 64
    excluded = ("survey", "exclude", "par-2024", "so-y-te", "--reason", "no_procedures", *who)
    assert sipas(*excluded)[0] == 1  # the list is frozen
    code, _, err = sipas("survey", "advance", "par-2024", "sampled", *who)
    assert code == 1
    assert "Chưa chọn mẫu." in err
    shown = sipas("survey", "show", "par-2024")[1]
    assert "Việc cần làm tiếp: Chọn cỡ mẫu và cách phân bổ." in shown
    assert json.loads(sipas("survey", "list", "--json")[1])[0]["state"] == "draft"


def test_agencies_practice_and_figures_by_command(sipas) -> None:
    who = ("--as", "lanh-dao")
    sipas("survey", "create", "--shipped", "binh-dinh-service-2024", "--practice", *who)
    name = "service-2024-practice"
    reason = ("--reason", "too_few_transactions", "--count", "3", "--threshold", "30")
    assert sipas("survey", "exclude", name, "thanh-tra-tinh", *reason, *who)[0] == 0
    assert "Thanh tra tỉnh" in sipas("survey", "show", name)[1]
    assert "SỐ LIỆU MÔ PHỎNG" in sipas("survey", "list")[1]
    assert sipas("survey", "include", name, "thanh-tra-tinh", *who)[0] == 0
    assert "Đã nhập 26 số liệu" in sipas("survey", "import-figures", *who)[1]
    assert sipas("survey", "remove-practice", "--yes", name, *who)[0] == 0
    assert sipas("survey", "list")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("survey", "create", "--as", "lanh-dao"), "SURVEY-052"),
        (("survey", "create", "--shipped", "binh-dinh", "--as", "lanh-dao"), "SURVEY-005"),
        (("survey", "show", "par-2024"), "SURVEY-006"),
        (("survey", "create", "--shipped", "binh-dinh-par-2024", "--as", "ai"), "ACCOUNT-006"),
        (("survey", "create", "--shipped", "binh-dinh-par-2024", "--as", "phan-tich"), "manager"),
    ],
)
def test_a_wrong_command_ends_with_a_sentence(
    sipas, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = sipas(*arguments)

    assert (code, out) == (1, "")
    assert words in err
    assert "Traceback" not in err


def test_a_faulty_list_ends_with_all_its_faults(sipas, tmp_path: Path) -> None:
    sipas("survey", "create", "--shipped", "binh-dinh-par-2024", "--as", "lanh-dao")
    path = tmp_path / "ds.csv"
    path.write_text(RATERS.replace("tỉnh", "tỉn").replace("Sở Y tế", "Sở Y tê"), encoding="utf-8")

    code, _, err = sipas("frame", "import", "--survey", "par-2024", str(path), "--as", "lanh-dao")

    assert code == 1
    assert "Dòng 2, Cột «Nhóm người đánh giá»" in err
    absent = str(tmp_path / "khong-co.csv")
    code, _, err = sipas("frame", "import", "--survey", "par-2024", absent, "--as", "lanh-dao")
    assert code == 1
    assert "khong-co.csv" in err


@pytest.mark.parametrize("kind", ["raters", "files"])
def test_a_template_is_written_without_any_database(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openpyxl

    from surveyapp.importers.table import Wanted
    from surveyapp.importers.tables import read_table

    path = tmp_path / "mau.xlsx"
    monkeypatch.setattr(
        sys, "argv", ["sipas", "frame", "template", "--kind", kind, "--out", str(path)]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert not ended.value.code
    assert openpyxl.load_workbook(path).sheetnames == ["Danh sách", "Hướng dẫn"]
    assert read_table(path, Wanted()).problem_count == 1  # a header and nothing below
