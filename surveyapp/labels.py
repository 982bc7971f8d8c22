"""Words of the citizens' pages, complete in each language of the interface."""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = {"vi": "Tiếng Việt", "en": "English"}

WORDS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "skip": "Đến phần chính",
        "start": "Bắt đầu",
        "no_name": "Phiếu không ghi tên Ông/Bà.",
        "asked_again": "Nhiều nhất một phần mười số phiếu có thể được một đơn vị độc lập khác "
        "hỏi lại; khi đó có một mã để so hai phiếu, dùng xong thì xóa.",
        "adults": "Phiếu dành cho người từ đủ 18 tuổi; ai dưới 18 tuổi xin không trả lời.",
        "cookie": "Câu trả lời dở dang chỉ nằm trên máy này, đã được mã hóa, và tự mất sau 2 giờ.",
        "kept": "Câu trả lời được lưu sau mỗi trang. Ông/Bà có thể nghỉ, rồi nhập lại mã phiếu để "
        "làm tiếp. Bản lưu được mã hóa, chỉ mở được bằng mã phiếu, và xóa khi nộp phiếu hoặc sau "
        "30 ngày.",
        "simulated": "SỐ LIỆU MÔ PHỎNG",
        "larger": "Chữ to hơn (đang là {size}%)",
        "listen_mode": "Nghe đọc cả phiếu",
        "listen_how": "Bấm lần đầu để nghe câu trả lời, bấm lần nữa để chọn.",
        "listen": "Nghe câu hỏi",
        "contrast": "Đậm nét",
        "size": "Cỡ chữ",
        "later": "Trả lời sau",
        "later_title": "Trả lời sau, trên điện thoại của Ông/Bà",
        "later_lead": "Mời Ông/Bà chụp hình này hoặc chép mã; trả lời đến hết ngày {day}.",
        "later_picture": "Hình để quét bằng điện thoại; mã bằng chữ ở bên cạnh.",
        "later_type": "Hoặc mở trang {address} rồi nhập mã:",
        "later_once": "Mã dùng một lần, không ghi tên ai, và chỉ hiện ở đây.",
        "later_done": "Đã chép xong",
        "back": "Quay lại",
        "next": "Tiếp tục",
        "to_check": "Xong, xem lại",
        "question": "Câu {number}/{total}",
        "question_so_far": "Câu {number}",
        "agencies": "Cơ quan",
        "agency": "Cơ quan {number}/{total}",
        "part": "Phần {number}/{total}",
        "part_so_far": "Phần {number}",
        "several": "Chọn một hoặc nhiều câu.",
        "several_most": "Chọn nhiều nhất {most} câu.",
        "optional": "Có thể bỏ qua câu này.",
        "number_between": "Ghi một số từ {minimum} đến {maximum}.",
        "number_only": "Ghi một số.",
        "longest": "Nhiều nhất {most} ký tự.",
        "no_names": "Xin đừng ghi tên hay số điện thoại của ai.",
        "or_choose": "Hoặc chọn",
        "error": "Lỗi",
        "errors": "Còn điều cần xem lại",
        "code_title": "Nhập mã phiếu",
        "code_label": "Mã phiếu trên giấy mời",
        "code_hint": "Mã gồm chữ và số in trên giấy mời hoặc phong bì kín. Chữ hoa, chữ thường, "
        "dấu cách, dấu gạch đều được; chữ O cũng là số 0.",
        "code_empty": "Mời Ông/Bà nhập mã phiếu in trên giấy mời.",
        "code_mistyped": "Mã này gõ chưa đúng: thiếu, thừa hoặc nhầm một chữ, số.",
        "code_again": "Mời Ông/Bà so từng nhóm bốn chữ, số với giấy mời rồi sửa lại.",
        "code_where": "Chưa có mã? Mã nằm trên giấy mời phát cùng phiếu. Xin hỏi nơi đã gửi giấy "
        "mời.",
        "enter": "Vào phiếu",
        "about_title": "Trước khi trả lời",
        "about_agencies": "Phiếu này hỏi về {count} cơ quan:",
        "about_agency": "Phiếu này hỏi về:",
        "go_on": "Làm tiếp",
        "go_on_from": "Các câu Ông/Bà đã trả lời vẫn còn. Bấm «Làm tiếp» để trả lời từ {place}.",
        "go_on_check": "Ông/Bà đã trả lời hết. Bấm «Làm tiếp» để xem lại rồi gửi phiếu.",
        "kept_pages": "Mỗi trang được lưu khi bấm «Tiếp tục». Ông/Bà có thể nghỉ, rồi nhập lại mã "
        "phiếu để làm tiếp.",
        "check_title": "Xem lại câu trả lời",
        "check_lead": "Bấm «Sửa» nếu muốn đổi câu trả lời nào. Phiếu chỉ được gửi khi bấm nút "
        "«Gửi phiếu».",
        "change": "Sửa",
        "no_answer": "Chưa trả lời",
        "choose_one": "Chưa chọn",
        "submit": "Gửi phiếu",
        "thanks_title": "Cảm ơn Ông/Bà",
        "thanks_lead": "Phiếu đã được gửi và lưu lại. Câu trả lời trên máy này đã được xóa.",
        "thanks_no_name": "Phiếu không ghi tên và được trộn với các phiếu khác.",
        "thanks_close": "Ông/Bà có thể đóng trang này.",
        "restart": "Bắt đầu lại",
        "restarts": "Trang này tự trở về đầu khi 20 giây không ai chạm.",
        "to_start": "Về trang đầu",
        "device_title": "Ghép máy tại quầy",
        "device_label": "Mã ghép máy",
        "device_hint": "Cán bộ lấy mã ở trang «Máy tại quầy» của cuộc khảo sát, hoặc bằng lệnh "
        "sipas device pair. Chỉ làm một lần cho mỗi máy.",
        "device_pair": "Ghép máy",
        "expired": "Trang mở đã lâu nên câu trả lời vừa chọn chưa được lưu. Mời Ông/Bà chọn lại.",
    },
    "en": {
        "skip": "Skip to the main part",
        "start": "Start",
        "no_name": "Your name is not on the form.",
        "asked_again": "At most one form in ten may be asked again by another, independent unit; "
        "a code then links the two forms and is deleted after use.",
        "adults": "The form is for people aged 18 and over; if you are under 18, please do not "
        "answer.",
        "cookie": "An unfinished form stays on this device only, encrypted, and is gone after "
        "2 hours.",
        "kept": "Your answers are kept after each page. You may stop and enter your code again to "
        "go on. What is kept is encrypted, only your code opens it, and it is removed when you "
        "send the form or after 30 days.",
        "simulated": "SIMULATED DATA",
        "larger": "Larger text (now {size}%)",
        "listen_mode": "Have the form read aloud",
        "listen_how": "Touch an answer once to hear it, touch it again to choose it.",
        "listen": "Listen",
        "contrast": "High contrast",
        "size": "Text size",
        "later": "Answer later",
        "later_title": "Answer later, on your own phone",
        "later_lead": "Take a picture of this, or copy the code; you can answer until {day}.",
        "later_picture": "A picture to scan with a phone; the same code stands beside it.",
        "later_type": "Or open {address} and enter the code:",
        "later_once": "The code works once, holds no name, and is shown only here.",
        "later_done": "I have it",
        "back": "Back",
        "next": "Continue",
        "to_check": "Done, check answers",
        "question": "Question {number}/{total}",
        "question_so_far": "Question {number}",
        "agencies": "Agency",
        "agency": "Agency {number}/{total}",
        "part": "Part {number}/{total}",
        "part_so_far": "Part {number}",
        "several": "Choose one or more.",
        "several_most": "Choose at most {most}.",
        "optional": "You may skip this question.",
        "number_between": "Enter a number from {minimum} to {maximum}.",
        "number_only": "Enter a number.",
        "longest": "At most {most} characters.",
        "no_names": "Please write no names or phone numbers.",
        "or_choose": "Or choose",
        "error": "Error",
        "errors": "Something needs another look",
        "code_title": "Enter your code",
        "code_label": "Code on your invitation",
        "code_hint": "The code has letters and digits and stands on the invitation or in the "
        "sealed envelope. Capitals, spaces and dashes do not matter; O is the same as 0.",
        "code_empty": "Please enter the code printed on your invitation.",
        "code_mistyped": "This code is not typed right: a letter or digit is missing or wrong.",
        "code_again": "Compare each group of four with your invitation, then correct it.",
        "code_where": "No code? It is on the invitation that came with the form. Please ask "
        "whoever sent it.",
        "enter": "Open the form",
        "about_title": "Before you answer",
        "about_agencies": "This form is about {count} agencies:",
        "about_agency": "This form is about:",
        "go_on": "Go on",
        "go_on_from": "What you have answered is still here. Press “Go on” to answer from {place}.",
        "go_on_check": "You have answered everything. Press “Go on” to check and send the form.",
        "kept_pages": "The answers on a page are kept when you press “Continue”. You may stop and "
        "enter your code again to go on.",
        "check_title": "Check your answers",
        "check_lead": "Choose “Change” to change an answer. The form is sent only when you press "
        "“Send the form”.",
        "change": "Change",
        "no_answer": "No answer yet",
        "choose_one": "Nothing chosen yet",
        "submit": "Send the form",
        "thanks_title": "Thank you",
        "thanks_lead": "The form has been sent and stored. Your answers on this device have been "
        "removed.",
        "thanks_no_name": "Your name is not on the form, and it is mixed with other forms.",
        "thanks_close": "You can close this page.",
        "restart": "Start again",
        "restarts": "This page returns to the start when nobody touches it for 20 seconds.",
        "to_start": "Go to the start",
        "device_title": "Pair this tablet",
        "device_label": "Pairing code",
        "device_hint": "An official gets the code on the page “Máy tại quầy” of the survey, or "
        "with the command sipas device pair. Once per tablet.",
        "device_pair": "Pair",
        "expired": "The page was open for a long time, so your last choice was not kept. Please "
        "choose again.",
    },
}

#: The same words in counter surveys, where a tablet shows the code that is used at home.
AT_COUNTERS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "code_label": "Mã phiếu từ máy tại quầy",
        "code_hint": "Mã gồm chữ và số, hiện trên máy tại quầy khi chọn «Trả lời sau»: mời Ông/Bà "
        "xem ảnh đã chụp hoặc mã đã chép. Chữ hoa, chữ thường, dấu cách, dấu gạch đều được; chữ O "
        "cũng là số 0.",
        "code_empty": "Mời Ông/Bà nhập mã phiếu đã chụp hoặc chép từ máy tại quầy.",
        "code_again": "Mời Ông/Bà so từng nhóm bốn chữ, số với ảnh đã chụp hoặc mã đã chép rồi "
        "sửa lại.",
        "code_where": "Chưa có mã? Máy tại quầy cho mã khi chọn «Trả lời sau»; xin hỏi tại "
        "quầy đó.",
    },
    "en": {
        "code_label": "Code from the tablet at the counter",
        "code_hint": "The code has letters and digits; the tablet at the counter showed it for "
        "“Answer later”. Look at your photograph or your copy. Capitals, spaces and dashes do not "
        "matter; O is the same as 0.",
        "code_empty": "Please enter the code from the tablet at the counter.",
        "code_again": "Compare each group of four with your photograph or copy, then correct it.",
        "code_where": "No code? The tablet at the counter gives one for “Answer later”. Please ask "
        "at that counter.",
    },
}

#: What went wrong, for people who read English: number of the COLLECT code -> (what happened,
#: what to do).
ERRORS: Final[dict[int, tuple[str, str]]] = {
    2: ("Some answers do not fit the form.", "Check the answers named, then send."),
    3: ("The form is too large to be sent.", "Shorten your comment and send again."),
    10: ("There is no such survey.", "Check the address on your invitation."),
    11: ("This survey no longer takes forms.", "Thank you for your interest."),
    12: ("This survey does not take forms yet.", "Please come back later."),
    13: (
        "This code does not belong to the survey.",
        "Compare it with the code that you were given, group by group.",
    ),
    14: (
        "This code has been withdrawn.",
        "Please ask whoever gave you the code for a new one.",
    ),
    15: (
        "This code has expired.",
        "Thank you. If you still want to answer, please ask whoever gave you the code.",
    ),
    16: (
        "This code has been used to send a form.",
        "Each code works once. If you have not answered yet, please ask whoever gave you the code.",
    ),
    17: (
        "This survey needs the code from an invitation.",
        "Enter the code, then answer.",
    ),
    18: ("This tablet belongs to another survey.", "An official must pair it again."),
    20: (
        "This form was sent before with other answers.",
        "The form that was sent first stays.",
    ),
    22: ("The form has no code.", "Enter the code from your invitation."),
    44: ("This tablet is not paired.", "An official must pair it."),
    45: ("This tablet may no longer send forms.", "Ask the administrator."),
    71: (
        "This form rates many agencies; it is not asked on a tablet.",
        "Use a phone or a computer and open the address on your invitation.",
    ),
    76: (
        "This tablet has given out all its codes for answering later today.",
        "Please answer on the tablet now, or come back another day.",
    ),
    77: (
        "Only a tablet at a counter gives out codes for answering later.",
        "Enter your code, if you have one.",
    ),
    79: (
        "This code is for a form about another agency, which is not asked on this tablet.",
        "Please use a phone or a computer and open the address on your invitation.",
    ),
    60: (
        "The answers are too long to be kept on this device.",
        "Shorten your comment, then continue.",
    ),
    63: ("This form has no such page.", "Please go to the start."),
    61: (
        "There is no unfinished form on this device.",
        "If you have sent your form, it has been received and you need not do it again. If not, "
        "please start again.",
    ),
}


def refusal(code: str) -> tuple[str, str] | None:
    """Return the English words for an error code; None where there are none."""
    stage, _, number = code.partition("-")
    return ERRORS.get(int(number)) if stage == "COLLECT" else None


def words(language: str, kind: str = "") -> Mapping[str, str]:
    """Return the words of one language of the interface, as they fit a kind of survey."""
    return WORDS[language] | (AT_COUNTERS[language] if kind == "counter" else {})
