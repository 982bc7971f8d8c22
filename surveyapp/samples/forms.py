"""Input of the sample pages."""

from decimal import Decimal

from wtforms import IntegerField, RadioField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from surveyapp.forms import DecimalField, Form
from surveyapp.models import Survey
from surveyapp.samples.announcing import SEED_LENGTH
from surveyapp.samples.proposal import Choices

REASON = Length(max=300)


class AnnounceForm(Form):
    """Seed, quotas of the groups and decisions of one draw; made by `announce_form`."""

    groups: tuple[str, ...] = ()

    seed = StringField("Hạt giống", [Length(max=SEED_LENGTH)])
    reserve_pct = DecimalField(
        "Dự phòng, % số phiếu chính",
        [InputRequired(), NumberRange(min=0, max=200)],
        default=Decimal(0),
    )
    shortfall = RadioField(
        "Chỉ tiêu vượt quá danh sách",
        [Optional()],
        choices=[
            SelectChoice("lower", "Hạ chỉ tiêu bằng số người có trong danh sách"),
            SelectChoice("census", "Giữ chỉ tiêu, lấy toàn bộ danh sách"),
        ],
    )
    reason = StringField("Lý do đổi chỉ tiêu, lấy toàn bộ hoặc chọn bổ sung", [REASON])
    few_reason = StringField("Lý do vẫn đo lường các cơ quan dưới 10 phiếu", [REASON])
    recalculate = SubmitField("Tính lại")
    submit = SubmitField("Công bố hạt giống và chỉ tiêu")

    @property
    def quotas(self) -> list[IntegerField]:
        """The fields with the quotas, in the order of the groups."""
        return [self[f"quota_{i}"] for i in range(len(self.groups))]

    def choices(self) -> Choices:
        """Return what was decided."""
        quotas = zip(self.groups, self.quotas, strict=True)
        return Choices(
            quotas={code: field.data for code, field in quotas if field.data is not None},
            shortfall=self.shortfall.data or None,
            reserve_share=str((self.reserve_pct.data or Decimal(0)) / 100),
            reason=self.reason.data or "",
            few_reason=self.few_reason.data or "",
        )


def announce_form(survey: Survey) -> AnnounceForm:
    """Make the form with a quota for every group of the survey."""
    fields: dict[str, object] = {"groups": tuple(group.code for group in survey.groups)}
    for i, group in enumerate(survey.groups):
        rules = [InputRequired(), NumberRange(min=0, max=1_000_000)]
        fields[f"quota_{i}"] = IntegerField(f"Chỉ tiêu: {group.title}", rules, default=group.quota)
    made: AnnounceForm = type("GroupsForm", (AnnounceForm,), fields)()
    return made
