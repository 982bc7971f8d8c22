"""Row groups of a .parquet file as arrays, without turning every cell into text."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.labels import Floats, Ints, Labels, canonical, from_dictionary
from surveyapp.errors import AppError
from surveyapp.importers.columns import (
    Codes,
    given_codes,
    known_answers,
    no_answer,
    no_label,
    satisfaction,
)
from surveyapp.importers.headers import find_header
from surveyapp.importers.sheet_tables import cell_text
from surveyapp.importers.table import Problems, TableProblem, Wanted, refusal
from surveyapp.importers.tables import number

#: Rows read at once, however large the row groups are.
_BATCH = 131_072
#: Whole numbers of a range up to this are looked up, not compared.
_SMALL = 1000


@dataclass(frozen=True, slots=True)
class RowGroups:
    """A file and where the wanted columns stand in it."""

    path: Path
    stored: dict[str, str]
    firsts: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of row groups."""
        return len(self.firsts)

    def batches(self, group: int) -> Iterator["ParquetColumns"]:
        """Read the wanted columns of one row group, some rows at a time."""
        first = self.firsts[group]
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_BATCH, row_groups=[group], columns=self._columns):
                yield ParquetColumns(pa.Table.from_batches([batch]), self.stored, first)
                first += batch.num_rows

    def everything(self) -> "ParquetColumns":
        """Read the wanted columns of the whole file, for what cannot be summed up by parts."""
        with pq.ParquetFile(self.path) as file:
            table = file.read(columns=self._columns)
        return ParquetColumns(table, self.stored, 1)

    @property
    def _columns(self) -> list[str]:
        return list(dict.fromkeys(self.stored.values()))


def row_groups(path: Path, wanted: Wanted) -> RowGroups:
    """Open a file and find the wanted columns.

    Raises
    ------
    AppError : the file cannot be read, has no rows, or lacks a column.
    """
    problems = Problems()
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            rows = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    except (pa.ArrowInvalid, OSError) as error:
        raise AppError(
            "IMPORT-029",
            f"Tệp «{path.name}» không phải tệp .parquet đọc được.",
            "Kiểm tra đường dẫn, hoặc xuất lại tệp từ phần mềm nguồn.",
        ) from error
    header = find_header([names], wanted, problems)
    if header is None or problems.total or not sum(rows):
        if not problems.total:
            problems.add(TableProblem("IMPORT-030", "Tệp không có dòng nào.", "Chọn tệp khác."))
        raise refusal(path.name, problems.listed, problems.total)
    firsts = tuple(1 + sum(rows[:i]) for i in range(len(rows)))
    return RowGroups(path, {name: names[i] for name, i in header.places.items()}, firsts)


@dataclass(frozen=True, slots=True)
class ParquetColumns:
    """The wanted columns of some rows; `first` is the number of its first row."""

    table: pa.Table
    stored: dict[str, str]
    first: int

    def labels(self, name: str) -> Labels:
        """Read labels; the number 7 and the text "7" are one."""
        code, texts = self._coded(name)
        return from_dictionary(code, [canonical(text) for text in texts])

    def label_problems(self, name: str) -> list[TableProblem]:
        """Collect empty labels."""
        empty = np.flatnonzero(self.labels(name).code < 0)
        return [no_label(self.first + int(row), name) for row in empty]

    def numbers(
        self, name: str, missing: Collection[str] = ()
    ) -> tuple[Floats, list[TableProblem]]:
        """Read numbers, nan where empty or a missing code."""
        plain = self._plain(name)
        if plain is None:
            return self._answers(name, missing, number)[:2]
        if missing:
            plain[np.isin(plain, [number(code) for code in missing])] = np.nan
        return plain, []

    def satisfied(
        self, name: str, codes: Codes, missing: Collection[str]
    ) -> tuple[Floats, list[TableProblem], frozenset[str]]:
        """Read 1 for a satisfied code, 0 for another, nan where empty or a missing code.

        Also return the codes that occur.
        """
        counted = self._small(name, codes, missing)
        if counted is not None:
            return counted[0], [], counted[1]
        found, problems, texts = self._answers(name, missing, satisfaction(codes))
        return found, problems, given_codes(texts, missing)

    def row(self, place: int) -> tuple[str, int]:
        """No sheet, and the number of a row."""
        return "", self.first + place

    def _small(
        self, name: str, codes: Codes, missing: Collection[str]
    ) -> tuple[Floats, frozenset[str]] | None:
        """Read satisfied or not from whole numbers of a small range by looking them up.

        Only the distinct numbers are read. None for other columns, and where one is no answer.
        """
        column = self.table.column(self.stored[name])
        if not pa.types.is_integer(column.type) or column.null_count == len(column):
            return None
        present = np.array(pc.unique(column).drop_null(), dtype=np.int64)
        if present.min() < 0 or present.max() > _SMALL:
            return None
        texts = [str(code) for code in present.tolist()]
        known, faulty = known_answers(texts, missing, satisfaction(codes))
        if faulty:
            return None
        meaning = np.full(int(present.max()) + 1, np.nan)
        meaning[present] = [known[text] for text in texts]
        values = column.fill_null(int(present[0])) if column.null_count else column
        result: Floats = np.take(meaning, values.to_numpy(), mode="clip")  # all inside: no check
        if column.null_count:
            result[column.is_null().to_numpy()] = np.nan
        return result, frozenset(texts).difference(missing)

    def _plain(self, name: str) -> Floats | None:
        """Return a column stored as numbers, else None."""
        column = self.table.column(self.stored[name])
        kind = column.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return None
        return np.array(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)

    def _coded(self, name: str) -> tuple[Ints, list[str]]:
        """Return codes into distinct texts, an empty cell is the text ""."""
        column = self.table.column(self.stored[name]).combine_chunks()
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.unify_dictionaries().combine_chunks()
        values = coded.dictionary.to_pylist()
        texts = [v if isinstance(v, str) else cell_text(v) for v in values]
        code = np.asarray(coded.indices.fill_null(len(texts)), dtype=np.int64)
        return code, [*texts, ""]

    def _answers(
        self, name: str, missing: Collection[str], read: Callable[[str], float]
    ) -> tuple[Floats, list[TableProblem], set[str]]:
        """Read answers, and what is no answer; also return the distinct texts that occur."""
        code, texts = self._coded(name)
        trimmed = [text.strip() for text in texts]
        known, faulty = known_answers(set(trimmed), missing, read)
        values = np.array([known[text] for text in trimmed], dtype=np.float64)
        wrong = np.array([text in faulty for text in trimmed], np.bool_)
        rows = np.flatnonzero(wrong[code]).tolist() if faulty else []
        problems = [no_answer(trimmed[code[row]], read, self.first + row, name) for row in rows]
        held = np.flatnonzero(np.bincount(code, minlength=len(trimmed))).tolist()
        return values[code], problems, {trimmed[i] for i in held}
