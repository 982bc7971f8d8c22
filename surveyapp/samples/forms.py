"""Input of the sample pages."""

from wtforms import BooleanField, StringField, SubmitField
from wtforms.validators import Length

from surveyapp.forms import Form
from surveyapp.samples.announcing import SEED_LENGTH


class AnnounceForm(Form):
    """Seed of a draw whose sizes are decided, and why it is made beside an earlier one."""

    seed = StringField("Hạt giống", [Length(max=SEED_LENGTH)])
    seal = BooleanField("Niêm phong hạt giống để nối tiếp đợt sau")
    reason = StringField("Lý do chọn bổ sung hoặc công bố lại", [Length(max=300)])
    submit = SubmitField("Công bố hạt giống và chỉ tiêu")
