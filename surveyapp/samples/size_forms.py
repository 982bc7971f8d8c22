"""Input of the page on sizes: formula, expectations, rule of allocation, and figures per row."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from surveyapp.forms import DecimalField, Form
from surveyapp.models import Survey
from surveyapp.samples.sizes import SizeRequest

REASON = Length(max=300)
MOST = 1_000_000


class SizeForm(Form):
    """What is asked; the quotas of groups and the figures of rows are made by `size_form`."""

    groups: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    basis = SelectField(
        "Cỡ mẫu lấy từ",
        choices=[
            SelectChoice("quota", "Chỉ tiêu của kế hoạch (sửa được)"),
            SelectChoice("yamane", "Công thức Yamane"),
            SelectChoice("cochran", "Công thức Cochran"),
        ],
    )
    scope = SelectField(
        "Công thức tính cho",
        choices=[
            SelectChoice("group", "Cả nhóm cơ quan, rồi phân bổ"),
            SelectChoice("stratum", "Từng dòng riêng"),
        ],
    )
    margin = DecimalField(
        "Sai số cho phép, ± %",
        [InputRequired(), NumberRange(Decimal("0.1"), 50, "Cần một số từ 0,1 đến 50.")],
    )
    level = SelectField(
        "Độ tin cậy", choices=[SelectChoice(v, f"{v}%") for v in ("90", "95", "99")]
    )
    p = DecimalField("Tỷ lệ hài lòng dự kiến, %", [InputRequired(), NumberRange(1, 99)])
    deff = DecimalField(
        "Hệ số thiết kế",
        [InputRequired(), NumberRange(Decimal("0.1"), 20, "Cần một số từ 0,1 đến 20.")],
    )
    response = DecimalField("Tỷ lệ trả lời dự kiến, %", [InputRequired(), NumberRange(1, 100)])
    inflate = BooleanField("Chỉ tiêu là số phiếu thu về: phát thêm để bù người không trả lời")
    rule = SelectField(
        "Cách phân bổ",
        choices=[
            SelectChoice("fixed", "Tự ghi số phiếu từng dòng"),
            SelectChoice("equal", "Đều nhau"),
            SelectChoice("proportional", "Theo tỷ lệ danh sách"),
            SelectChoice("power", "Lũy thừa (giữa đều và tỷ lệ)"),
            SelectChoice("neyman", "Neyman (theo độ phân tán)"),
            SelectChoice("cost", "Tối ưu theo chi phí"),
        ],
    )
    power = DecimalField("Số mũ của lũy thừa", [InputRequired(), NumberRange(0, 1)])
    minimum = IntegerField("Tối thiểu mỗi dòng", [Optional(), NumberRange(0, MOST)])
    maximum = IntegerField("Tối đa mỗi dòng", [Optional(), NumberRange(0, MOST)])
    reserve = DecimalField("Dự phòng, % số phiếu chính", [InputRequired(), NumberRange(0, 200)])
    shortfall = RadioField(
        "Khi yêu cầu vượt quá danh sách",
        [Optional()],
        choices=[
            SelectChoice("lower", "Hạ chỉ tiêu bằng số có thể chọn, nêu lý do"),
            SelectChoice("census", "Giữ chỉ tiêu, lấy toàn bộ danh sách"),
        ],
    )
    reason = StringField("Lý do", [REASON])
    few_reason = StringField("Lý do vẫn đo lường các cơ quan dưới 10 phiếu", [REASON])
    recalculate = SubmitField("Tính lại")
    submit = SubmitField("Dùng phương án này")

    @property
    def quotas(self) -> list[IntegerField]:
        """The fields with the quotas, in the order of the groups."""
        return [self[f"quota_{i}"] for i in range(len(self.groups))]

    @property
    def rows(self) -> Iterator[tuple[str, IntegerField, DecimalField, DecimalField]]:
        """Key, forms, expected share and cost of every row."""
        for i, key in enumerate(self.keys):
            yield key, self[f"n_{i}"], self[f"share_{i}"], self[f"cost_{i}"]

    def request(self) -> SizeRequest:
        """Return what is asked; a row that is left empty follows the whole form."""
        rows = list(self.rows)
        return SizeRequest(
            basis=self.basis.data,
            scope=self.scope.data,
            rule=self.rule.data,
            margin=_share(self.margin.data),
            level=_share(Decimal(self.level.data)),
            p=_share(self.p.data),
            deff=_text(self.deff.data),
            response=_share(self.response.data),
            power=_text(self.power.data),
            minimum=self.minimum.data,
            maximum=self.maximum.data,
            inflate=self.inflate.data,
            quotas={
                code: f.data
                for code, f in zip(self.groups, self.quotas, strict=True)
                if f.data is not None
            },
            strata={key: n.data or 0 for key, n, _, _ in rows} if self.rule.data == "fixed" else {},
            shares={key: _share(f.data) for key, _, f, _ in rows if f.data is not None},
            costs={key: _text(f.data) for key, _, _, f in rows if f.data is not None},
            shortfall=self.shortfall.data or None,
            reserve_share=_share(self.reserve.data),
            reason=self.reason.data or "",
            few_reason=self.few_reason.data or "",
        )

    def show_sizes(self, sizes: Mapping[str, int]) -> None:
        """Write the sizes worked out into the rows, where they are not the official's own."""
        if self.rule.data != "fixed":
            for key, n, _, _ in self.rows:
                n.data, n.raw_data = sizes[key], None


def size_form(survey: Survey, titles: Mapping[str, str], request: SizeRequest) -> SizeForm:
    """Make the form, filled with a request.

    Parameters
    ----------
    titles : stratum key -> words on screens, in the order of the rows.
    """
    groups = tuple(group.code for group in survey.groups)
    good = "hài lòng" if survey.kind == "service" else "đánh giá tốt"
    fields: dict[str, object] = {"groups": groups, "keys": tuple(titles)}
    for i, group in enumerate(survey.groups):
        rules = [InputRequired(), NumberRange(0, MOST)]
        fields[f"quota_{i}"] = IntegerField(f"Chỉ tiêu: {group.title}", rules)
    for i, title in enumerate(titles.values()):
        fields[f"n_{i}"] = IntegerField(f"{title}: số phiếu", [Optional(), NumberRange(0, MOST)])
        fields[f"share_{i}"] = DecimalField(
            f"{title}: tỷ lệ {good} dự kiến, %", [Optional(), NumberRange(0, 100)]
        )
        fields[f"cost_{i}"] = DecimalField(
            f"{title}: chi phí một phiếu",
            [Optional(), NumberRange(Decimal("0.01"), MOST, "Cần một số từ 0,01 trở lên.")],
        )
    made: SizeForm = type("RowsForm", (SizeForm,), fields)(
        data=_filled(survey, tuple(titles), request)
    )
    made.p.label.text = f"Tỷ lệ {good} dự kiến, %"
    return made


def _filled(survey: Survey, keys: Sequence[str], request: SizeRequest) -> dict[str, object]:
    """Return the values of the fields for a request."""
    plain = ("basis", "scope", "rule", "minimum", "maximum", "inflate", "shortfall", "reason")
    filled: dict[str, object] = {name: getattr(request, name) for name in (*plain, "few_reason")}
    filled |= {name: _pct(getattr(request, name)) for name in ("margin", "p", "response")}
    filled |= {"level": str(_pct(request.level)), "reserve": _pct(request.reserve_share)}
    filled |= {"deff": Decimal(request.deff), "power": Decimal(request.power)}
    for i, group in enumerate(survey.groups):
        filled[f"quota_{i}"] = request.quotas.get(group.code, group.quota)
    for i, key in enumerate(keys):
        share, cost = request.shares.get(key), request.costs.get(key)
        filled[f"n_{i}"] = request.strata.get(key)
        filled[f"share_{i}"] = None if share is None else _pct(share)
        filled[f"cost_{i}"] = None if cost is None else Decimal(cost)
    return filled


def _share(pct: Decimal) -> str:
    return _text(pct / 100)


def _pct(share: str) -> Decimal:
    return Decimal(_text(Decimal(share) * 100))


def _text(value: Decimal) -> str:
    """Write a number plainly: 0.05, never 5E-2, without zeros at the end."""
    return f"{value.normalize():f}"
