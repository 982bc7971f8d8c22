"""From TOML text to a `Questionnaire`; all faults of a file are told at once."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast, get_args

from questionnaires.consistency import check_questionnaire
from questionnaires.errors import DefinitionRule
from questionnaires.reading import LABEL, Faults, Table, nfc, parse_toml
from questionnaires.types import (
    MISSING_CODES,
    OFFERED_MISSING,
    Block,
    Condition,
    Item,
    Kind,
    Option,
    Page,
    Questionnaire,
    Rates,
    Scale,
)

RESPONDENTS = ("person", "organisation", "rater")
DEFAULT_MAX_LENGTH = 500

_ROOT_KEYS = (
    "code",
    "version",
    "languages",
    "respondents",
    "rates",
    "review",
    "title",
    "purpose",
    "scales",
    "blocks",
    "pages",
)
_PAGE_KEYS = ("code", "title", "block", "per_agency", "together", "show_if", "items")
_ANY_KIND = ("code", "kind", "text", "help", "label", "required", "sensitive", "show_if")
_KIND_KEYS: Mapping[str, tuple[str, ...]] = {
    "choice": ("scale", "options", "missing", "max_points"),
    "choices": ("scale", "options", "missing", "exclusive", "max_choices"),
    "number": ("missing", "minimum", "maximum"),
    "text": ("missing", "max_length"),
}
_ITEM_KEYS = tuple(dict.fromkeys([*_ANY_KIND, *(k for ks in _KIND_KEYS.values() for k in ks)]))
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")


def load_questionnaire(text: str, name: str) -> Questionnaire:
    """Read a questionnaire definition.

    Parameters
    ----------
    text : the TOML text of the file; line ends, a byte order mark and the Unicode form of the
        texts do not matter (all texts become NFC, outer spaces go).
    name : name of the file, for the messages.

    Raises
    ------
    DefinitionError : with every fault of the file (`problems`).
    """
    return build_questionnaire(parse_toml(text, name), name)


def build_questionnaire(definition: Mapping[str, Any], name: str) -> Questionnaire:
    """Read a definition that is parsed already, as `dump_questionnaire` gives it.

    Parameters
    ----------
    definition : tables, lists and plain values in the shape of the TOML files.
    name : name of the source, for the messages.

    Raises
    ------
    DefinitionError : with every fault of the definition (`problems`).
    """
    faults = Faults(name)
    root = Table(faults, "đầu tệp", nfc(definition), _ROOT_KEYS)
    languages = _languages(root)
    scales = tuple(_scale(faults, row, n, languages) for n, row in _rows(root, "scales"))
    by_code = {scale.code: scale for scale in scales}
    questionnaire = Questionnaire(
        code=root.code("code"),
        version=root.positive_integer("version", needed=True) or 0,
        languages=languages,
        respondents=root.strings_among("respondents", RESPONDENTS, needed=True),
        rates=cast(Rates, root.one_of("rates", get_args(Rates))),
        review=root.string("review"),
        title=root.text("title", languages),
        purpose=root.text("purpose", languages),
        scales=scales,
        blocks=tuple(_block(faults, row, n, languages) for n, row in _rows(root, "blocks")),
        pages=tuple(
            _PageReader(faults, languages, by_code).page(row, n) for n, row in _rows(root, "pages")
        ),
    )
    check_questionnaire(questionnaire, faults)
    faults.stop_if_any()
    return questionnaire


def _rows(table: Table, key: str) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(table.tables(key), start=1))


def _name_of(row: Mapping[str, Any], number: int) -> str:
    """Name a table in a message by its code, or by its number where it has none."""
    code = row.get("code")
    return code if isinstance(code, str) and code else f"thứ {number}"


def _languages(root: Table) -> tuple[str, ...]:
    given = root.strings("languages", needed=True)
    for language in given:
        if not _LANGUAGE.fullmatch(language):
            root.fault(
                DefinitionRule.LANGUAGE,
                f"Mã ngôn ngữ «{language}» viết sai.",
                "Viết mã hai hoặc ba chữ thường, ví dụ «vi», «en».",
            )
    if given and "vi" not in given:
        root.fault(
            DefinitionRule.LANGUAGE, "Thiếu tiếng Việt trong «languages».", "Thêm «vi» vào đầu."
        )
    return given or ("vi",)


def _block(faults: Faults, row: dict[str, Any], number: int, languages: Sequence[str]) -> Block:
    table = Table(faults, f"khối {_name_of(row, number)}", row, ("code", "title"))
    return Block(table.code("code", LABEL), table.text("title", languages))


def _scale(faults: Faults, row: dict[str, Any], number: int, languages: Sequence[str]) -> Scale:
    table = Table(faults, f"thang {_name_of(row, number)}", row, ("code", "options"))
    table.need("options")
    return Scale(table.code("code"), _options(table, languages))


def _options(owner: Table, languages: Sequence[str]) -> tuple[Option, ...]:
    """Read the options of a scale or of an item, and check them among themselves."""
    options = tuple(
        _option(owner, row, number, languages) for number, row in _rows(owner, "options")
    )
    codes = [option.code for option in options if option.code]
    owner.faults.repeated(owner.place, "phương án", codes)
    if len(options) < 2 and owner.has("options"):
        owner.fault(
            DefinitionRule.FEW_OPTIONS,
            f"Chỉ có {len(options)} phương án.",
            "Ghi ít nhất hai phương án để chọn.",
        )
    scores = [option.score for option in options if option.score is not None]
    if any(later <= earlier for earlier, later in pairwise(scores)):
        owner.fault(
            DefinitionRule.SCORE_ORDER,
            "Các phương án không xếp theo điểm tăng dần.",
            "Xếp lại từ điểm thấp đến điểm cao, như trên phiếu giấy.",
        )
    return options


def _option(owner: Table, row: dict[str, Any], number: int, languages: Sequence[str]) -> Option:
    place = f"{owner.place}, phương án {_name_of(row, number)}"
    table = Table(owner.faults, place, row, ("code", "text", "score", "percent"))
    code = table.code("code", LABEL)
    if code in MISSING_CODES:
        table.fault(
            DefinitionRule.OPTION_IS_MISSING_CODE,
            f"Mã «{code}» dành cho câu trả lời trống ({', '.join(MISSING_CODES)}).",
            "Đặt mã khác, hoặc bỏ phương án này và dùng khóa «missing».",
        )
    percent = table.number("percent")
    if percent is not None and not 0 <= percent <= 100:
        table.fault(
            DefinitionRule.PERCENT_RANGE,
            f"Tỷ lệ {percent:g} nằm ngoài 0 đến 100.",
            "Ghi «percent» từ 0 đến 100.",
        )
    return Option(code, table.text("text", languages), table.number("score"), percent)


def _conditions(owner: Table) -> tuple[Condition, ...]:
    conditions = []
    for number, row in _rows(owner, "show_if"):
        place = f"{owner.place}, điều kiện {number}"
        table = Table(owner.faults, place, row, ("item", "any_of"))
        conditions.append(Condition(table.code("item"), table.strings("any_of", needed=True)))
    return tuple(conditions)


class _PageReader:
    """Reads pages and their items; holds what all of them need."""

    def __init__(
        self, faults: Faults, languages: Sequence[str], scales: Mapping[str, Scale]
    ) -> None:
        self.faults = faults
        self.languages = languages
        self.scales = scales

    def page(self, row: dict[str, Any], number: int) -> Page:
        name = _name_of(row, number)
        table = Table(self.faults, f"trang {name}", row, _PAGE_KEYS)
        code = table.code("code")
        block = table.code("block", LABEL) if table.has("block") else None
        per_agency = table.boolean("per_agency", default=False)
        title = table.text("title", self.languages)
        show_if = _conditions(table)
        items = tuple(
            self.item(table, item_row, item_number, (code, block, per_agency))
            for item_number, item_row in _rows(table, "items")
        )
        together = table.boolean("together", default=False)
        return Page(code, title, items, block, per_agency, show_if, together)

    def item(
        self, page: Table, row: dict[str, Any], number: int, stands: tuple[str, str | None, bool]
    ) -> Item:
        place = f"{page.place}, câu {_name_of(row, number)}"
        table = Table(self.faults, place, row, _ITEM_KEYS)
        kind = table.one_of("kind", tuple(_KIND_KEYS))
        self._refuse_keys_of_other_kinds(table, kind)
        page_code, block, per_agency = stands
        return Item(
            code=table.code("code"),
            kind=cast(Kind, kind),
            text=table.text("text", self.languages),
            page=page_code,
            block=block,
            per_agency=per_agency,
            scale=table.code("scale") if table.has("scale") else None,
            options=self._item_options(table, kind),
            help=table.optional_text("help", self.languages),
            label=table.optional_text("label", self.languages),
            missing=_missing(table, kind),
            required=table.boolean("required", default=kind == "choice"),
            sensitive=table.boolean("sensitive", default=False),
            max_points=table.positive_number("max_points"),
            show_if=_conditions(table),
            exclusive=table.strings("exclusive"),
            max_choices=table.positive_integer("max_choices"),
            minimum=table.integer("minimum"),
            maximum=table.integer("maximum"),
            max_length=_max_length(table, kind),
        )

    def _refuse_keys_of_other_kinds(self, table: Table, kind: str) -> None:
        if not kind:
            return
        for key in table.values:
            if key in _ITEM_KEYS and key not in _ANY_KIND and key not in _KIND_KEYS[kind]:
                table.fault(
                    DefinitionRule.KEY_FOR_OTHER_KIND,
                    f"Khóa «{key}» không dùng cho câu loại «{kind}».",
                    f"Bỏ «{key}», hoặc đổi «kind».",
                )

    def _item_options(self, table: Table, kind: str) -> tuple[Option, ...]:
        if kind not in ("choice", "choices"):
            return ()
        if table.has("scale") == table.has("options"):
            table.fault(
                DefinitionRule.FEW_OPTIONS,
                "Câu chọn phải có «scale» hoặc «options», và chỉ một trong hai.",
                "Ghi tên thang ở «scale», hoặc liệt kê phương án ở «options».",
            )
            return ()
        if table.has("options"):
            return _options(table, self.languages)
        code = table.values["scale"]
        scale = self.scales.get(code) if isinstance(code, str) else None
        if scale is None and isinstance(code, str):
            table.fault(
                DefinitionRule.UNKNOWN_SCALE,
                f"Không có thang «{code}».",
                f"Dùng một trong: {', '.join(self.scales) or 'chưa có thang nào'}.",
            )
        return scale.options if scale else ()


def _missing(table: Table, kind: str) -> tuple[str, ...]:
    """Text items offer no missing code: every string is an answer there."""
    if not table.has("missing"):
        return () if kind == "text" else OFFERED_MISSING
    missing = table.strings_among("missing", OFFERED_MISSING)
    if kind == "text" and missing:
        table.fault(
            DefinitionRule.KEY_FOR_OTHER_KIND,
            "Câu ghi lời không có câu trả lời sẵn.",
            "Bỏ «missing», hoặc ghi missing = [].",
        )
    return missing


def _max_length(table: Table, kind: str) -> int | None:
    given = table.positive_integer("max_length")
    return DEFAULT_MAX_LENGTH if given is None and kind == "text" else given
