"""Recompute a simple random draw with nothing but hashlib, unicodedata and csv.

    python recompute_draw.py FRAME.csv SEED SAMPLE.csv [STRATUM_COLUMN ...]

Written apart from the program: it shares no line with it. Reads how many were drawn in each
stratum from SAMPLE.csv, draws them again from FRAME.csv and compares ids, roles and order.
"""

import csv
import hashlib
import sys
import unicodedata


def clean(text):
    return unicodedata.normalize("NFC", text).strip()


def number(seed, unit):
    seed = clean(seed).encode("utf-8")
    message = len(seed).to_bytes(4, "big") + seed + b"\x00main\x00" + unit.encode("utf-8")
    return hashlib.sha256(message).digest()


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123  three modules only
        return list(csv.DictReader(file))


def main(frame_path, seed, sample_path, *stratum_columns):
    strata = {}
    for row in rows(frame_path):
        key = " | ".join(clean(row[name]) for name in stratum_columns) or "toàn bộ"
        unit = clean(row["unit_id"])
        strata.setdefault(key, []).append((number(seed, unit), unit))
    drawn = {}
    for row in rows(sample_path):
        if row["role"] in ("main", "reserve"):
            drawn.setdefault(row["stratum"], []).append(row["unit_id"])
    for key in sorted(strata):
        again = [unit for _, unit in sorted(strata[key])][: len(drawn.get(key, []))]
        if again != drawn.get(key, []):
            sys.exit(f"{key}: {drawn.get(key)} / {again}")
    sys.stdout.write("same\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
