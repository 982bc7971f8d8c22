"""Input of the pages of lists."""

from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, SubmitField, TextAreaField
from wtforms.validators import InputRequired, Optional

from surveyapp.forms import Form


class ListForm(Form):
    """Upload a list."""

    file = FileField("Tệp danh sách (.xlsx hoặc .csv)", [FileRequired("Chọn tệp danh sách.")])
    submit = SubmitField("Xem trước")


class AskForm(Form):
    """Ask units for their lists."""

    units = TextAreaField("Các đơn vị", [InputRequired()])
    due_on = DateField("Hạn gửi", [Optional()], format=["%d/%m/%Y", "%Y-%m-%d"])
    submit = SubmitField("Ghi các đơn vị")
