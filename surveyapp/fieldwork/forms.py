"""Input of the field work pages."""

from wtforms import DateField, StringField, SubmitField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import TextInput

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


class ReissueForm(IssueForm):
    """Why all letters of a draw are made anew, with the last day of the new codes."""

    reason = StringField("Lý do phát hành lại", [InputRequired(), Length(max=300)])
    submit = SubmitField("Thu hồi mã cũ, phát hành lại và tải thư mời")
