"""Input of the account pages."""

from wtforms import PasswordField, SelectMultipleField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import EqualTo, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from surveyapp.accounts.labels import ROLE_TITLES
from surveyapp.forms import Form


class SignInForm(Form):
    """Login and password."""

    login = StringField("Tên đăng nhập", [InputRequired(), Length(max=60)])
    password = PasswordField("Mật khẩu", [InputRequired(), Length(max=200)])
    submit = SubmitField("Đăng nhập")


class PasswordForm(Form):
    """Replace the password."""

    old = PasswordField("Mật khẩu hiện tại", [InputRequired(), Length(max=200)])
    new = PasswordField("Mật khẩu mới", [InputRequired(), Length(max=200)])
    again = PasswordField("Nhập lại mật khẩu mới", [InputRequired(), EqualTo("new")])
    submit = SubmitField("Đổi mật khẩu")


class AccountForm(Form):
    """A new account."""

    login = StringField("Tên đăng nhập", [InputRequired(), Length(max=60)])
    display_name = StringField("Họ và tên", [InputRequired(), Length(max=120)])
    roles = SelectMultipleField(
        "Vai trò",
        [InputRequired()],
        choices=[SelectChoice(role, title) for role, title in ROLE_TITLES.items()],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    unit = StringField("Đơn vị", [Length(max=200)])
    submit = SubmitField("Thêm tài khoản")
