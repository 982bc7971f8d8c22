"""From TOML text to a `MethodVersion`, and the check of a method against its questionnaire."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from questionnaires.errors import DefinitionProblem, DefinitionRule, MethodRule
from questionnaires.method import (
    Component,
    Field,
    ItemMeasure,
    MethodKind,
    MethodVersion,
    Pooling,
    Unanswered,
)
from questionnaires.reading import LABEL, Faults, Table, parse_toml
from questionnaires.types import Item, Questionnaire

_ROOT_KEYS = (
    "code",
    "version",
    "title",
    "publisher",
    "population",
    "questionnaire",
    "kind",
    "item_measure",
    "satisfied",
    "decimals",
    "unanswered_item",
    "rater_group_weights",
    "note",
    "fields",
    "index",
)
_MEAN_POOLINGS = ("items", "equal", "weights")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


def load_method(text: str, name: str) -> MethodVersion:
    """Read a method version.

    Parameters
    ----------
    text : the TOML text of the file.
    name : name of the file, for the messages.

    Raises
    ------
    DefinitionError : with every fault of the file (`problems`).
    """
    faults = Faults(name)
    root = Table(faults, "đầu tệp", parse_toml(text, name), _ROOT_KEYS)
    kind = root.one_of("kind", get_args(MethodKind))
    index = Table(faults, "bảng index", root.table("index") or {}, ("pooling",))
    index_pooling = _pooling(index, kind)
    fields = tuple(
        _field(faults, row, number, (kind, index_pooling))
        for number, row in enumerate(root.tables("fields"), start=1)
    )
    method = MethodVersion(
        code=root.code("code"),
        version=_version(root),
        title=root.text("title", ["vi"]),
        publisher=root.string("publisher"),
        population=root.string("population"),
        kind=cast(MethodKind, kind),
        decimals=_decimals(root),
        unanswered_item=cast(Unanswered, root.one_of("unanswered_item", get_args(Unanswered))),
        fields=fields,
        index_pooling=cast(Pooling, index_pooling),
        questionnaire=root.code("questionnaire") if root.has("questionnaire") else None,
        item_measure=_measure(root, kind),
        satisfied=root.strings("satisfied", needed=kind == "satisfaction"),
        rater_group_weights=_group_weights(root, kind),
        note=root.string("note") if root.has("note") else None,
    )
    _check_whole(method, root)
    faults.stop_if_any()
    return method


def _version(root: Table) -> str:
    value = root.string("version")
    if value and not _VERSION.fullmatch(value):
        root.fault(
            DefinitionRule.BAD_CODE,
            f"Phiên bản «{value}» viết sai.",
            "Chỉ dùng chữ không dấu, số, dấu chấm, gạch nối, ví dụ «2023».",
        )
    return value


def _decimals(root: Table) -> int:
    root.need("decimals")
    value = root.integer("decimals")
    if value is not None and not 0 <= value <= 6:
        root.not_allowed("decimals", str(value)[:20], [str(n) for n in range(7)])
    return value or 0


def _measure(root: Table, kind: str) -> ItemMeasure | None:
    if kind == "satisfaction":
        measures = get_args(ItemMeasure)
        if root.has("item_measure"):
            return cast(ItemMeasure, root.one_of("item_measure", measures))
        root.fault(
            MethodRule.MEASURE,
            "Chưa nêu cách tính điểm của một câu («item_measure»); không có cách mặc định.",
            f"Chọn một trong: {', '.join(measures)}.",
        )
    elif kind == "points":
        for key in ("item_measure", "satisfied"):
            if root.has(key):
                root.fault(
                    MethodRule.MEASURE,
                    f"Cách tính điểm («points») không dùng «{key}».",
                    f"Bỏ «{key}»; điểm lấy từ «percent» và «max_points» của phiếu.",
                )
    return None


def _group_weights(root: Table, kind: str) -> dict[str, float]:
    rows = root.table("rater_group_weights") or {}
    if rows and kind == "satisfaction":
        root.fault(
            MethodRule.WEIGHTS,
            "Chỉ cách tính điểm («points») có quyền số theo nhóm người đánh giá.",
            "Bỏ «rater_group_weights».",
        )
    table = Table(root.faults, "bảng rater_group_weights", rows, list(rows))
    weights = {}
    for group in rows:
        table.check_code(group)
        weights[group] = table.positive_number(group) or 0.0
    return weights


def _pooling(table: Table, kind: str) -> str:
    pooling = table.one_of("pooling", get_args(Pooling))
    right = ("sum",) if kind == "points" else _MEAN_POOLINGS
    if pooling and kind and pooling not in right:
        table.fault(
            MethodRule.POOLING,
            f"Cách gộp «{pooling}» không dùng cho loại «{kind}».",
            f"Chọn một trong: {', '.join(right)}.",
        )
    return pooling


def _name_of(row: Mapping[str, Any], number: int) -> str:
    code = row.get("code")
    return code if isinstance(code, str) and code else f"thứ {number}"


def _field(faults: Faults, row: dict[str, Any], number: int, outer: tuple[str, str]) -> Field:
    kind, index_pooling = outer
    place = f"lĩnh vực {_name_of(row, number)}"
    table = Table(faults, place, row, ("code", "title", "pooling", "weight", "components"))
    pooling = _pooling(table, kind)
    components = tuple(
        _component(table, component, n, pooling)
        for n, component in enumerate(table.tables("components"), start=1)
    )
    if not components:
        table.fault(
            DefinitionRule.NO_ITEMS,
            "Lĩnh vực không có tiêu chí nào.",
            "Thêm [[fields.components]].",
        )
    _check_sum(table, pooling, [component.weight for component in components])
    return Field(
        code=table.code("code", LABEL),
        title=table.text("title", ["vi"]),
        pooling=cast(Pooling, pooling),
        components=components,
        weight=_weight(table, index_pooling),
    )


def _component(field: Table, row: dict[str, Any], number: int, pooling: str) -> Component:
    place = f"{field.place}, tiêu chí {_name_of(row, number)}"
    table = Table(field.faults, place, row, ("code", "title", "items", "item_count", "weight"))
    items = table.strings("items")
    for item in items:
        table.check_code(item)
    count = table.positive_integer("item_count")
    if not items and count is None:
        table.fault(
            MethodRule.ITEMS_OR_COUNT,
            "Tiêu chí không có câu nào.",
            "Ghi mã các câu ở «items», hoặc số câu ở «item_count».",
        )
    if items and count is not None and count != len(items):
        table.fault(
            MethodRule.COUNT_DIFFERS,
            f"«item_count» là {count} nhưng «items» có {len(items)} câu.",
            "Sửa cho khớp, hoặc bỏ «item_count».",
        )
    return Component(
        code=table.code("code", LABEL),
        title=table.text("title", ["vi"]),
        items=items,
        item_count=len(items) or count or 1,
        weight=_weight(table, pooling),
    )


def _weight(table: Table, pooling: str) -> float | None:
    """Read a weight of at least 0, which is there exactly if the parent pools by weights."""
    weight = table.number("weight")
    if weight is not None and weight < 0:
        table.fault(MethodRule.WEIGHTS, "Quyền số âm.", "Ghi «weight» từ 0 trở lên.")
    if pooling == "weights" and not table.has("weight"):
        table.fault(MethodRule.WEIGHTS, "Thiếu quyền số «weight».", "Ghi «weight = ...».")
    if pooling and pooling != "weights" and table.has("weight"):
        table.fault(
            MethodRule.WEIGHTS,
            f"Cách gộp «{pooling}» không dùng quyền số.",
            'Bỏ «weight», hoặc đổi thành pooling = "weights".',
        )
    return weight


def _check_sum(table: Table, pooling: str, weights: Sequence[float | None]) -> None:
    if pooling == "weights" and weights and math.fsum(w or 0.0 for w in weights) <= 0:
        table.fault(
            MethodRule.WEIGHTS, "Tổng quyền số bằng 0.", "Ghi ít nhất một quyền số lớn hơn 0."
        )


def _check_whole(method: MethodVersion, root: Table) -> None:
    root.need("index")
    if not method.fields:
        root.fault(
            DefinitionRule.NO_ITEMS, "Phương pháp không có lĩnh vực nào.", "Thêm [[fields]]."
        )
    codes = [code for code in method.targets if code]
    root.faults.repeated("lĩnh vực và tiêu chí", "(«index» dành cho chỉ số)", codes)
    root.faults.repeated("toàn phương pháp", "câu", method.items)
    _check_sum(root, method.index_pooling, [part.weight for part in method.fields])
    if method.kind == "points" and method.unanswered_item == "renormalise":
        root.fault(
            MethodRule.POOLING,
            "Điểm được cộng, không lấy bình quân, nên không dùng «renormalise».",
            'Ghi unanswered_item = "null".',
        )


def validate_against(
    method: MethodVersion, questionnaire: Questionnaire
) -> tuple[DefinitionProblem, ...]:
    """Check that a method can be computed from the answers to a questionnaire.

    Returns
    -------
    A problem for every item that the questionnaire does not have, that has no scores (or, for
    points, no max points), whose options lack a satisfied code; for a component that names no
    items; and, for points, for every question with points that the method leaves out. `file`
    is the code of the method.
    """
    faults = Faults(method.code)
    if method.questionnaire != questionnaire.code:
        faults.add(
            "đầu tệp",
            MethodRule.OTHER_QUESTIONNAIRE,
            f"Phương pháp dùng phiếu «{method.questionnaire}», không phải «{questionnaire.code}».",
            "Sửa «questionnaire», hoặc chọn đúng phiếu.",
        )
    for component in method.components:
        _check_component(method, component, questionnaire, faults)
    if method.kind == "points":
        for item in questionnaire.items:
            if item.max_points is not None and item.code not in method.items:
                faults.add(
                    f"câu {item.code}",
                    MethodRule.ITEM_LEFT_OUT,
                    "Câu có điểm tối đa trong phiếu nhưng phương pháp không tính.",
                    "Thêm câu vào «items» của một tiêu chí, hoặc bỏ «max_points».",
                )
    return tuple(faults.problems)


def _check_component(
    method: MethodVersion, component: Component, questionnaire: Questionnaire, faults: Faults
) -> None:
    if not component.items:
        faults.add(
            f"tiêu chí {component.code}",
            MethodRule.NO_ITEMS_NAMED,
            f"Tiêu chí chỉ nêu số câu ({component.item_count}), không nêu mã câu.",
            "Ghi mã các câu ở «items».",
        )
    for code in component.items:
        place = f"tiêu chí {component.code}, câu {code}"
        if questionnaire.has_item(code):
            _check_item(method, questionnaire.item(code), place, faults)
        else:
            faults.add(
                place,
                MethodRule.UNKNOWN_ITEM,
                f"Phiếu «{questionnaire.code}» không có câu «{code}».",
                "Sửa mã câu, hoặc thêm câu vào phiếu.",
            )


def _check_item(method: MethodVersion, item: Item, place: str, faults: Faults) -> None:
    wanted = _lacks(method, item)
    if wanted:
        faults.add(place, MethodRule.ITEM_WITHOUT_SCORES, "Câu không tính được điểm.", f"{wanted}.")
    for code in method.satisfied:
        if item.options and code not in item.option_codes:
            faults.add(
                place,
                MethodRule.SATISFIED_NOT_AN_OPTION,
                f"Mã hài lòng «{code}» không phải phương án của câu.",
                "Sửa «satisfied», hoặc dùng thang khác cho câu.",
            )


def _lacks(method: MethodVersion, item: Item) -> str:
    """Say what must be added so that the item has a value, or "" if it has one."""
    if item.kind != "choice":
        return 'Đổi thành câu chọn một (kind = "choice")'
    if method.kind == "points":
        return "" if item.max_points is not None else "Ghi «max_points» và «percent» cho câu"
    scores = [option.score for option in item.options]
    if None in scores:
        return "Ghi «score» cho mọi phương án"
    five = method.item_measure in ("mean_of_5", "mean_minus_1_of_4")
    return "Ghi «score» từ 1 đến 5" if five and scores != [1, 2, 3, 4, 5] else ""
