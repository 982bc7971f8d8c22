"""Input of the pages of a witnessed draw."""

from collections.abc import Mapping
from typing import Any

from wtforms import DateField, IntegerField, StringField, SubmitField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from sampling import witness
from sampling.canonical import canonical
from surveyapp.forms import Form
from surveyapp.samples.announcing import REASON_LENGTH
from surveyapp.samples.witnessing import PART_LENGTH, PARTY_LENGTH

REASON = Length(max=REASON_LENGTH)


class OpenForm(Form):
    """What is frozen beside list and plan: a public number, if one is named, and a reason."""

    source = StringField("Nguồn của con số công khai", [Length(max=200)])
    on = DateField("Ngày của con số đó", [Optional()], format=["%Y-%m-%d", "%d/%m/%Y"])
    digits = IntegerField("Số chữ số", [Optional(), NumberRange(min=1, max=40)])
    reason = StringField("Lý do, nếu chỉ tiêu khác kế hoạch hoặc mở lại", [REASON])
    submit = SubmitField("Chốt danh sách và mở lần chọn")

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Refuse a public number that is named by halves."""
        if not super().validate(extra_validators):
            return False
        given = (canonical(self.source.data or ""), self.on.data, self.digits.data)
        if any(given) and not all(given):
            half = "Con số công khai cần đủ nguồn, ngày và số chữ số; hoặc để trống."
            self.form_errors.append(half)
        return not self.form_errors

    def public(self) -> witness.PublicNumber | None:
        """Return the public number that is named."""
        if not self.source.data or self.on.data is None or self.digits.data is None:
            return None
        return witness.PublicNumber(canonical(self.source.data), self.on.data, self.digits.data)


class CommitForm(Form):
    """Name and commitment of a party."""

    party = StringField("Tên bên", [InputRequired(), Length(max=PARTY_LENGTH)])
    sha256 = StringField("Cam kết đã tạo trên máy của mình (SHA-256)", [Length(max=80)])
    submit = SubmitField("Gửi cam kết này")
    make = SubmitField("Tạo phần bí mật giúp tôi")


class RevealForm(Form):
    """The part of a party and its nonce."""

    part = StringField("Phần bí mật", [InputRequired(), Length(max=PART_LENGTH)])
    nonce = StringField("Chuỗi che", [InputRequired(), Length(max=PART_LENGTH)])
    submit = SubmitField("Mở phần của mình")


class NumberForm(Form):
    """The public number as its source gives it."""

    value = StringField("Con số công khai", [InputRequired(), Length(max=40)])
    submit = SubmitField("Ghi con số")


class ReasonForm(Form):
    """Why an announced draw is given up."""

    reason = StringField("Lý do", [InputRequired(), REASON])
    submit = SubmitField("Bỏ lần chọn này")
