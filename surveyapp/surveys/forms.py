"""Input of the survey pages."""

from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, IntegerField, RadioField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from surveyapp.forms import Form
from surveyapp.surveys.labels import EXCLUSION_TITLES

OWN_FILE = "file"


class PlanForm(Form):
    """Create a survey from a shipped plan or from a file."""

    plan = RadioField("Kế hoạch", [InputRequired("Chọn một kế hoạch.")])
    file = FileField("Tệp kế hoạch (.toml)")
    practice = BooleanField("Cuộc khảo sát tập dượt: mọi trang, báo cáo có dấu SỐ LIỆU MÔ PHỎNG")
    submit = SubmitField("Tạo cuộc khảo sát")

    def __init__(self, plans: dict[str, str]) -> None:
        """Offer the shipped plans (name -> title) and a file."""
        super().__init__()
        shipped = [SelectChoice(name, title) for name, title in plans.items()]
        self.plan.choices = [*shipped, SelectChoice(OWN_FILE, "Tải lên tệp kế hoạch của đơn vị")]


class FollowForm(Form):
    """The first wave that a survey follows, and how many of its sample may be asked again."""

    first = RadioField("Đợt trước", [InputRequired("Chọn một cuộc khảo sát.")])
    keep = StringField("Tỷ lệ được hỏi lại", [InputRequired("Ghi 0 nếu không hỏi lại ai.")])
    submit = SubmitField("Nối tiếp")

    def __init__(self, surveys: dict[str, str]) -> None:
        """Offer the surveys that may be followed (code -> title)."""
        super().__init__(data={"keep": "0"})
        self.first.choices = [SelectChoice(code, title) for code, title in surveys.items()]


class ExclusionForm(Form):
    """Leave an agency out of the measurement."""

    reason = RadioField(
        "Lý do",
        [InputRequired("Chọn một lý do.")],
        choices=[SelectChoice(c, t[0].upper() + t[1:]) for c, t in EXCLUSION_TITLES.items()],
    )
    count = IntegerField("Số giao dịch trong kỳ", [Optional(), NumberRange(min=0)])
    threshold = IntegerField("Ngưỡng tối thiểu", [Optional(), NumberRange(min=1)])
    submit = SubmitField("Đưa ra ngoài diện đo lường")


class DecisionForm(Form):
    """Number and day of the approving decision."""

    number = StringField("Số quyết định", [InputRequired("Ghi số quyết định."), Length(max=60)])
    signed_on = DateField(
        "Ngày ký",
        [InputRequired("Cần nhập ngày theo dạng 15/11/2024.")],
        format=["%d/%m/%Y", "%Y-%m-%d"],
    )
    submit = SubmitField("Ghi quyết định phê duyệt")
