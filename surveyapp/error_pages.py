"""Every error as a page or as JSON: what happened, which rule, what to do; never a traceback."""

import structlog
from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from surveyapp.errors import AppError

HTTP_TEXTS = {
    400: ("APP-400", "Yêu cầu gửi đến không đọc được.", "Tải lại trang rồi thử lại."),
    401: ("APP-401", "Cần đăng nhập.", "Đăng nhập rồi thử lại."),
    403: ("APP-403", "Tài khoản này không được dùng trang này.", "Liên hệ quản trị hệ thống."),
    404: ("APP-404", "Không có trang này.", "Kiểm tra lại địa chỉ, hoặc về trang đầu."),
    405: ("APP-405", "Trang này không nhận cách gửi đó.", "Quay lại trang trước rồi thử lại."),
    413: ("APP-413", "Nội dung gửi lên quá lớn.", "Chia nhỏ hoặc giảm dung lượng tệp."),
    415: ("APP-415", "Kiểu nội dung gửi lên không đúng.", "Gửi dưới dạng JSON (UTF-8)."),
    429: ("APP-429", "Gửi quá nhiều lần trong thời gian ngắn.", "Chờ một phút rồi thử lại."),
}
log = structlog.get_logger()
BUG = ("APP-500", "Chương trình gặp lỗi, chưa lưu thay đổi nào.", "Thử lại, hoặc báo kỹ thuật.")


def init_app(app: Flask) -> None:
    """Register the only handlers that application code relies on."""
    app.register_error_handler(AppError, _show)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _show(error: AppError) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        body = {"code": error.code, "message": error.message, "fix": error.fix}
        return {**body, "problems": list(error.problems)}, error.status
    return render_template("errors/problem.html", error=error), error.status


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    message = "Phiên làm việc đã hết hạn, chưa lưu thay đổi nào."
    return _show(AppError("APP-419", message, "Tải lại trang rồi gửi lại."))


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    code, message, fix = HTTP_TEXTS.get(error.code, BUG)
    return _show(AppError(code, message, fix, status=error.code))


def _bug(error: Exception) -> ResponseReturnValue:
    # The type and the place only: a message of the database may hold values of rows.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    log.error("bug", error=type(error).__name__, place=place, endpoint=request.endpoint)
    return _show(AppError(*BUG, status=500))
