"""Read a large, clean csv file quickly; anything irregular is left to the careful reader."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from surveyapp.importers.csv_tables import Layout
from surveyapp.importers.table import Progress, Read

_BLOCK = 4 << 20


def read(path: Path, layout: Layout, progress: Progress) -> Read | None:
    """Return the columns and their row numbers, or None when a line is irregular."""
    names = [f"c{i}" for i in range(len(layout.header.names))]
    places = layout.header.places
    columns: dict[str, list[str]] = {name: [] for name in places}
    share: dict[str, str] = {}
    with path.open("rb") as file:
        file.seek(layout.skip_bytes)
        done = 0
        try:
            for batch in _open(file, layout, names):
                for name, place in places.items():
                    columns[name] += _texts(batch.column(f"c{place}"), share)
                if progress is not None:
                    progress(file.tell() - done)
                    done = file.tell()
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
    first = layout.header_line + 1
    n = len(next(iter(columns.values()))) if columns else 0
    return columns, range(first, first + n), ""


def _open(file: object, layout: Layout, names: list[str]) -> arrow_csv.CSVStreamingReader:
    """Open the stream of batches below the header."""
    kept = sorted({f"c{place}" for place in layout.header.places.values()})
    return arrow_csv.open_csv(
        file,
        read_options=arrow_csv.ReadOptions(
            block_size=_BLOCK,
            use_threads=False,
            skip_rows=layout.header_line,
            column_names=names,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter, ignore_empty_lines=False, newlines_in_values=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=kept,
            strings_can_be_null=False,
        ),
    )


def _texts(column: pa.Array, share: dict[str, str]) -> list[str]:
    """Return the texts of a column; a column of few values keeps one object for each."""
    coded = column.dictionary_encode()
    if len(coded.dictionary) * 4 > len(column):
        texts: list[str] = column.to_pylist()
        return texts
    names = [share.setdefault(text, text) for text in coded.dictionary.to_pylist()]
    return [names[i] for i in coded.indices.to_pylist()]
