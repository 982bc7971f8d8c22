"""Small secret files beside the database, durable before they are used."""

import contextlib
import os
import secrets
from pathlib import Path


def read_or_make(folder: Path, name: str) -> bytes:
    """Return the 32 bytes of `name`, making the file (mode 600) if it is not there.

    Two processes that start together agree: the file appears at once and complete, or not at all.
    """
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".{name}.{secrets.token_hex(8)}"
        write_durably(draft, secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):  # the other process was first
            path.hardlink_to(draft)
        draft.unlink()
        sync_folder(folder)
    return path.read_bytes()


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file with mode 600 and wait for the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def destroy(path: Path) -> None:
    """Overwrite and remove a key, durably; one that is not there is no fault."""
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            file.write(secrets.token_bytes(size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:  # another process was faster
        return
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
