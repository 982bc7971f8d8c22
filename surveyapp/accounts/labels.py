"""Words for roles on screens."""

ROLE_TITLES = {
    "admin": "Quản trị hệ thống (tài khoản, thiết bị)",
    "manager": "Sở Nội vụ: khảo sát, chọn mẫu, thu phiếu",
    "approver": "Lãnh đạo: duyệt kế hoạch, chọn mẫu, khóa số liệu, công bố",
    "focal": "Đầu mối lập danh sách của đơn vị",
    "interviewer": "Điều tra viên",
    "entry": "Nhập liệu phiếu giấy",
    "recheck": "Phúc tra độc lập",
    "analyst": "Phân tích kết quả sau khi khóa số liệu",
    "council": "Hội đồng thẩm định",
    "agency": "Cơ quan được đánh giá",
    "auditor": "Giám sát (MTTQ, thanh tra)",
}
