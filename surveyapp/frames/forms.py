"""Input of the frame page."""

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SubmitField

from surveyapp.forms import Form


class ListForm(Form):
    """Upload a list."""

    file = FileField("Tệp danh sách (.xlsx hoặc .csv)", [FileRequired("Chọn tệp danh sách.")])
    dry_run = BooleanField("Chỉ kiểm tra trước, chưa lưu (bỏ chọn để lưu)", default=True)
    submit = SubmitField("Nhập danh sách")
