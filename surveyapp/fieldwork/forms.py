"""Input of the field work pages."""

from wtforms import DateField, SubmitField
from wtforms.validators import InputRequired
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
