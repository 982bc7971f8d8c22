"""Frames (danh sách chọn mẫu): import of lists, pseudonyms, the vault of contacts."""
