"""Input of the pages on tablets."""

from wtforms import SelectField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from surveyapp.forms import Form
from surveyapp.models import Survey


class DeviceForm(Form):
    """Pair a tablet with an agency and a counter."""

    agency = SelectField("Cơ quan", [InputRequired("Chọn một cơ quan.")])
    counter = StringField(
        "Tên quầy, nơi đặt máy", [InputRequired("Ghi tên quầy."), Length(max=120)]
    )
    submit = SubmitField("Ghép máy")

    def __init__(self, survey: Survey) -> None:
        """Offer the agencies that are measured."""
        super().__init__()
        self.agency.choices = [
            SelectChoice(agency.code, agency.title)
            for agency in survey.agencies
            if agency.exclusion is None
        ]
