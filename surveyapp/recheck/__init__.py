"""The independent re-check (phúc tra): a second interview, blind to the first."""
