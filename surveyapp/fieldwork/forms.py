"""Input of the field work pages."""

from wtforms import DateField, HiddenField, IntegerField, SelectField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import HiddenInput, TextInput

from surveyapp import clock
from surveyapp.fieldwork.reserve import REASON_TITLES
from surveyapp.forms import Form


class IssueForm(Form):
    """The last day on which the codes can be used."""

    expires_on = DateField(
        "Mã phiếu dùng đến hết ngày",
        [InputRequired()],
        format=["%d/%m/%Y", "%Y-%m-%d"],
        widget=TextInput(),
    )
    submit = SubmitField("Phát hành mã và tải thư mời")

    def validate_expires_on(self, field: DateField) -> None:
        """Refuse a day that is over, beside what else is wrong."""
        if field.data is not None and field.data < clock.today():
            raise ValidationError("Ngày này đã qua; chọn ngày từ hôm nay trở đi.")


class ReissueForm(IssueForm):
    """Why all letters of a draw are made anew, with the last day of the new codes."""

    reason = StringField("Lý do phát hành lại", [InputRequired(), Length(max=300)])
    #: Codes that were revoked when the page was opened: a second press revokes nothing more.
    revoked = IntegerField(widget=HiddenInput())
    submit = SubmitField("Thu hồi mã cũ, phát hành lại và tải thư mời")


class SearchForm(Form):
    """Words of an office or a name."""

    words = StringField("Tìm theo họ tên hoặc nơi nhận", [Length(max=100)])
    submit = SubmitField("Tìm")


class ReplaceForm(Form):
    """Whose form stays empty, and why."""

    unit = StringField("Người không trả lời", [InputRequired(), Length(max=60)])
    reason = SelectField(
        "Lý do",
        [InputRequired()],
        choices=[SelectChoice(value=code, label=title) for code, title in REASON_TITLES.items()],
    )
    #: A secret of the page: what it reports of one person twice without the name counts once.
    token = HiddenField()
    submit = SubmitField("Ghi nhận và thay bằng người dự phòng")
