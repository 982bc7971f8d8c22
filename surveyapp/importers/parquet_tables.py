"""Read .parquet files, batch by batch, as texts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from surveyapp.errors import AppError
from surveyapp.importers.headers import find_header
from surveyapp.importers.sheet_tables import cell_text
from surveyapp.importers.table import Problems, Progress, Read, Wanted


def read_parquet(path: Path, wanted: Wanted, problems: Problems, progress: Progress) -> Read:
    """Read the wanted columns; rows count from 1."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise AppError(
            "IMPORT-005",
            f"Tệp «{path.name}» không phải tệp .parquet đọc được.",
            "Xuất lại tệp từ phần mềm nguồn.",
        ) from error
    with file:
        names = file.schema_arrow.names
        header = find_header([names], wanted, problems)
        if header is None or problems.total:
            return {}, [], ""
        stored = {name: names[index] for name, index in header.places.items()}
        columns: dict[str, list[str]] = {name: [] for name in stored}
        share: dict[str, str] = {}
        for batch in file.iter_batches(65_536, columns=list(dict.fromkeys(stored.values()))):
            for name, source in stored.items():
                values = batch.column(source).to_pylist()
                texts = [v if isinstance(v, str) else cell_text(v) for v in values]
                if len(set(texts)) * 4 <= len(texts):
                    texts = [share.setdefault(text, text) for text in texts]
                columns[name] += texts
            if progress is not None:
                progress(batch.num_rows)
        return columns, range(1, 1 + file.metadata.num_rows), ""
