"""Keys that lie outside the database and its backups: one file per batch, destroyed at release."""

import os
import secrets
from functools import cached_property
from pathlib import Path

from surveyapp import key_files

KEY_BYTES = 32
SUFFIX = ".batch"


class Keyring:
    """A folder of keys, shared by all processes of one server (the keeper).

    A key is durable (file and folder synced) before anything is sealed with it. Losing the folder
    loses the answers that wait, and nothing else; whoever copies the folder together with the
    database can read who sent what, so it is in no backup.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder

    @cached_property
    def keeper(self) -> str:
        """Return the random name of this folder, which its batches carry."""
        return key_files.read_or_make(self.folder, "keeper").hex()[:32]

    @cached_property
    def draft_key(self) -> bytes:
        """Return the key of unfinished forms, which live in the browsers' cookies only."""
        return key_files.read_or_make(self.folder, "draft.key")

    def create(self, batch_id: str) -> bytes:
        """Make and store the key of a new batch; durable on return."""
        key = secrets.token_bytes(KEY_BYTES)
        key_files.write_durably(self._path(batch_id), key)
        key_files.sync_folder(self.folder)
        return key

    def read(self, batch_id: str) -> bytes | None:
        """Return the key of a batch; None if this folder has none (another keeper, or lost)."""
        try:
            key = self._path(batch_id).read_bytes()
        except FileNotFoundError:
            return None
        return key if len(key) == KEY_BYTES else None

    def destroy(self, batch_id: str) -> None:
        """Overwrite and remove the key of a batch; what it sealed can never be read again."""
        path = self._path(batch_id)
        try:
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:  # another process was faster
            return
        key_files.sync_folder(self.folder)

    def batches(self) -> set[str]:
        """Return the ids of the batches whose keys are here."""
        return {path.stem for path in self.folder.glob(f"*{SUFFIX}")}

    def _path(self, batch_id: str) -> Path:
        return self.folder / f"{batch_id}{SUFFIX}"
