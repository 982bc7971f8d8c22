"""Input of the sample pages."""

from wtforms import BooleanField, StringField, SubmitField
from wtforms.validators import Length

from surveyapp.forms import Form
from surveyapp.samples.announcing import REASON_LENGTH, SEED_LENGTH
from surveyapp.samples.waves import SeedAsked


class AnnounceForm(Form):
    """Seed of a draw whose sizes are decided, and why it is made beside an earlier one."""

    seed = StringField("Hạt giống", [Length(max=SEED_LENGTH)])
    seal = BooleanField("Niêm phong hạt giống để nối tiếp đợt sau")
    reason = StringField("Lý do chọn bổ sung hoặc công bố lại", [Length(max=REASON_LENGTH)])
    submit = SubmitField("Công bố hạt giống và chỉ tiêu")

    @property
    def seed_asked(self) -> SeedAsked:
        """Return the seed that is given, or that it is to be sealed."""
        return SeedAsked(self.seed.data or None, seal=self.seal.data)
