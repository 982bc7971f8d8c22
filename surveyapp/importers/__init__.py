"""Files that people send: tables as .csv, .xlsx or .parquet become plain columns."""
