"""Base of all forms: Vietnamese texts (WTForms has none) and numbers as Vietnam writes them."""

from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DecimalField as WTFormsDecimalField
from wtforms.meta import DefaultMeta
from wtforms.widgets import TextInput

TEXTS = {
    "This field is required.": "Cần điền mục này.",
    "Not a valid choice.": "Lựa chọn này không có trong danh sách.",
    "Not a valid choice": "Lựa chọn này không có trong danh sách.",
    "Not a valid integer value.": "Cần nhập một số nguyên, ví dụ 400.",
    "Not a valid decimal value.": "Cần nhập một số, ví dụ 7,5.",
    "Not a valid date value.": "Cần nhập ngày theo dạng 15/11/2024.",
    "Number must be between %(min)s and %(max)s.": "Cần một số từ %(min)s đến %(max)s.",
    "Number must be at least %(min)s.": "Cần một số từ %(min)s trở lên.",
    "Number must be at most %(max)s.": "Cần một số không quá %(max)s.",
    "Field must be at least %(min)d character long.": "Cần ít nhất %(min)d ký tự.",
    "Field must be at least %(min)d characters long.": "Cần ít nhất %(min)d ký tự.",
    "Field cannot be longer than %(max)d character.": "Không quá %(max)d ký tự.",
    "Field cannot be longer than %(max)d characters.": "Không quá %(max)d ký tự.",
    "Field must be between %(min)d and %(max)d characters long.": (
        "Cần từ %(min)d đến %(max)d ký tự."
    ),
    "Field must be equal to %(other_name)s.": "Hai mục nhập chưa giống nhau.",
    "CSRF token missing.": "Phiên làm việc đã hết, mời tải lại trang rồi gửi lại.",
    "CSRF session token is missing.": "Phiên làm việc đã hết, mời tải lại trang rồi gửi lại.",
    "The CSRF token is missing.": "Phiên làm việc đã hết, mời tải lại trang rồi gửi lại.",
    "The CSRF session token is missing.": "Phiên làm việc đã hết, mời tải lại trang rồi gửi lại.",
    "The CSRF token has expired.": "Trang mở quá lâu, mời tải lại trang rồi gửi lại.",
    "The CSRF token is invalid.": "Phiên làm việc đã hết, mời tải lại trang rồi gửi lại.",
    "The CSRF tokens do not match.": "Phiên làm việc đã hết, mời tải lại trang rồi gửi lại.",
    "No file was uploaded.": "Cần chọn một tệp.",
}


class Vietnamese:
    """The two methods that WTForms asks for."""

    def gettext(self, string: str) -> str:
        """Translate; an unknown text stays as it is, and the test of this table fails."""
        return TEXTS.get(string, string)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Translate a text with a number: Vietnamese has one form."""
        return TEXTS.get(singular if n == 1 else plural, plural)


class Form(FlaskForm):
    """A form that speaks Vietnamese."""

    class Meta(DefaultMeta):
        """Hand WTForms the Vietnamese texts."""

        def get_translations(self, form: object) -> Vietnamese:  # noqa: ARG002  WTForms' signature
            """Return the only language of officials' pages."""
            return Vietnamese()


class DecimalField(WTFormsDecimalField):
    """A number written 7,5 or 7.5; a browser's own field of numbers would drop the comma."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read a decimal comma; a value with both marks is refused by the base class."""
        if valuelist:
            text = str(valuelist[0]).strip()
            valuelist = [text.replace(",", ".") if text.count(",") == 1 else text]
        super().process_formdata(valuelist)

    def _value(self) -> str:
        if isinstance(self.data, Decimal):
            return str(self.data).replace(".", ",")
        return super()._value()  # type: ignore[no-any-return]  # wtforms has no types
