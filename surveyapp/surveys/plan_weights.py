"""What a plan says about weights: known counts of answers (`margins`) and bounds on a weight."""

from surveyapp.surveys.plan_reading import PlanTable


def read_weights(table: PlanTable, kind: str) -> None:
    """Check the margins of a group and the factors between which raking may change a weight."""
    margins = table.table("margins")
    if margins and kind != "service":
        table.fault(
            "SURVEY-136",
            "«margins» chỉ dùng cho khảo sát hài lòng có chọn mẫu.",
            "Bỏ «margins» của nhóm.",
        )
    for question, counts in margins.items():
        if not isinstance(counts, dict) or not counts or not all(map(_is_count, counts.values())):
            table.fault(
                "SURVEY-137",
                f"Số liệu đã biết của câu «{question}» chưa đúng.",
                "Viết số người theo từng câu trả lời, ví dụ sex = {male = 5200, female = 5600}.",
            )
    bounds = table.values.get("weight_bounds", [1.0, 1.0])
    good = isinstance(bounds, list) and len(bounds) == 2 and all(map(_is_count, bounds))
    if not good or ("weight_bounds" in table.values and not bounds[0] < 1 < bounds[1]):
        table.fault(
            "SURVEY-138",
            "«weight_bounds» phải là hai số ở hai phía của 1.",
            "Viết hệ số thấp nhất và cao nhất của quyền số, ví dụ [0.3, 3].",
        )


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
