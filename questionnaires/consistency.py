"""Faults that only the whole questionnaire shows: codes, routing, blocks, points."""

from collections.abc import Mapping

from questionnaires.errors import DefinitionRule
from questionnaires.reading import Faults
from questionnaires.types import Condition, Item, Page, Questionnaire


def check_questionnaire(questionnaire: Questionnaire, faults: Faults) -> None:
    """Note every fault between the parts of a questionnaire in `faults`."""
    _check_codes(questionnaire, faults)
    _check_pages(questionnaire, faults)
    _check_blocks(questionnaire, faults)
    for item in questionnaire.items:
        _check_item(item, faults)
    _Routes(questionnaire, faults).check()


def _place(item: Item) -> str:
    return f"trang {item.page}, câu {item.code}"


def _check_codes(questionnaire: Questionnaire, faults: Faults) -> None:
    whole = "toàn phiếu"
    faults.repeated(whole, "câu", [item.code for item in questionnaire.items if item.code])
    faults.repeated(whole, "trang", [page.code for page in questionnaire.pages if page.code])
    faults.repeated(whole, "thang", [scale.code for scale in questionnaire.scales if scale.code])
    faults.repeated(whole, "khối", [block for block in questionnaire.block_codes if block])


def _check_pages(questionnaire: Questionnaire, faults: Faults) -> None:
    if not questionnaire.pages:
        faults.add(
            "toàn phiếu", DefinitionRule.NO_ITEMS, "Phiếu không có trang nào.", "Thêm [[pages]]."
        )
    for page in questionnaire.pages:
        if not page.items:
            faults.add(
                f"trang {page.code}",
                DefinitionRule.NO_ITEMS,
                "Trang không có câu nào.",
                "Thêm [[pages.items]] vào trang, hoặc bỏ trang.",
            )
    _check_per_agency(questionnaire, faults)


def _check_per_agency(questionnaire: Questionnaire, faults: Faults) -> None:
    per_agency = [page for page in questionnaire.pages if page.per_agency]
    if questionnaire.rates == "many" and questionnaire.pages and not per_agency:
        faults.add(
            "toàn phiếu",
            DefinitionRule.PER_AGENCY,
            "Phiếu đánh giá nhiều cơ quan mà không có trang nào hỏi theo từng cơ quan.",
            "Thêm «per_agency = true» vào trang hỏi cho từng cơ quan.",
        )
    if questionnaire.rates in ("none", "one"):
        for page in per_agency:
            faults.add(
                f"trang {page.code}",
                DefinitionRule.PER_AGENCY,
                f'Trang hỏi theo từng cơ quan, nhưng phiếu có «rates = "{questionnaire.rates}"».',
                'Bỏ «per_agency», hoặc đổi thành rates = "many".',
            )


def _check_blocks(questionnaire: Questionnaire, faults: Faults) -> None:
    used = {page.block for page in questionnaire.pages}
    for block in questionnaire.block_codes:
        if block not in used:
            faults.add(
                f"khối {block}",
                DefinitionRule.BLOCK,
                "Khối không có trang nào.",
                f'Thêm trang có block = "{block}", hoặc bỏ khối.',
            )
    for page in questionnaire.pages:
        if page.block is not None and page.block not in questionnaire.block_codes:
            faults.add(
                f"trang {page.code}",
                DefinitionRule.BLOCK,
                f"Không có khối «{page.block}».",
                f"Dùng một trong: {', '.join(questionnaire.block_codes) or 'chưa khai khối nào'}.",
            )


def _check_item(item: Item, faults: Faults) -> None:
    for code in item.exclusive:
        if code not in item.option_codes:
            faults.add(
                _place(item),
                DefinitionRule.EXCLUSIVE,
                f"Phương án loại trừ «{code}» không có trong câu.",
                f"Dùng một trong: {', '.join(item.option_codes)}.",
            )
    if item.minimum is not None and item.maximum is not None and item.minimum > item.maximum:
        faults.add(
            _place(item),
            DefinitionRule.LIMITS,
            f"Mức thấp nhất {item.minimum} lớn hơn mức cao nhất {item.maximum}.",
            "Sửa «minimum» hoặc «maximum».",
        )
    if item.max_choices is not None and item.max_choices > len(item.options):
        faults.add(
            _place(item),
            DefinitionRule.MAX_CHOICES,
            f"Cho chọn {item.max_choices} mà chỉ có {len(item.options)} phương án.",
            "Giảm «max_choices», hoặc bỏ khóa này.",
        )
    without = [option.code for option in item.options if option.percent is None]
    if item.max_points is not None and without:
        faults.add(
            _place(item),
            DefinitionRule.POINTS_WITHOUT_PERCENT,
            f"Câu có điểm tối đa, nhưng phương án {', '.join(without)} chưa có tỷ lệ.",
            "Ghi «percent» cho mọi phương án.",
        )


class _Routes:
    """Checks that every condition can hold: earlier item, known option, same form."""

    def __init__(self, questionnaire: Questionnaire, faults: Faults) -> None:
        self.questionnaire = questionnaire
        self.faults = faults
        self.items: Mapping[str, Item] = {item.code: item for item in questionnaire.items}
        self.position = {code: n for n, code in enumerate(self.items)}

    def check(self) -> None:
        for page in self.questionnaire.pages:
            if page.items:
                first = self.position[page.items[0].code]
                for condition in page.show_if:
                    self._condition(condition, page, first, f"trang {page.code}")
            for item in page.items:
                for condition in item.show_if:
                    self._condition(condition, page, self.position[item.code], _place(item))

    def _condition(self, condition: Condition, page: Page, before: int, place: str) -> None:
        target = self.items.get(condition.item)
        if target is None:
            if condition.item:
                self.faults.add(
                    place,
                    DefinitionRule.CONDITION_UNKNOWN_ITEM,
                    f"Điều kiện nói đến câu «{condition.item}» không có trong phiếu.",
                    "Sửa «item» thành mã của một câu đứng trước.",
                )
            return
        if self.position[target.code] >= before:
            self.faults.add(
                place,
                DefinitionRule.CONDITION_LATER_ITEM,
                f"Điều kiện nói đến câu «{target.code}» không đứng trước chỗ này.",
                "Chỉ đặt điều kiện theo câu đứng trước, hoặc chuyển câu ấy lên trên.",
            )
        self._reach(target, page, place)
        self._options(condition, target, place)

    def _reach(self, target: Item, page: Page, place: str) -> None:
        other_block = target.block is not None and target.block != page.block
        if other_block or (target.per_agency and not page.per_agency):
            part = f"khối «{target.block}»" if other_block else "phần hỏi theo từng cơ quan"
            self.faults.add(
                place,
                DefinitionRule.CONDITION_OUT_OF_REACH,
                f"Điều kiện nói đến câu «{target.code}» thuộc {part}, chỗ này không có phần đó.",
                "Đặt điều kiện theo câu chung, hoặc chuyển chỗ này vào cùng phần.",
            )

    def _options(self, condition: Condition, target: Item, place: str) -> None:
        allowed = (*target.option_codes, *target.missing) if target.options else ()
        for code in condition.any_of:
            if code not in allowed:
                self.faults.add(
                    place,
                    DefinitionRule.CONDITION_UNKNOWN_OPTION,
                    f"Câu «{target.code}» không có phương án «{code}».",
                    f"Dùng một trong: {', '.join(allowed) or 'câu này không có phương án'}.",
                )
