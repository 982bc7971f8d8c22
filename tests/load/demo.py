"""Seconds of the whole flow with simulated answers, interpreter start included."""

import subprocess
import sys
import time
from pathlib import Path

from tests.load.figure import Figure

#: A demo that takes longer is broken.
LIMIT_SECONDS = 300


def measure(place: Path) -> list[Figure]:
    """Run `sipas demo` once."""
    out = place / "demo"
    sipas = Path(sys.executable).with_name("sipas")
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603  our own command
        [sipas, "demo", "--out", out], capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"sipas demo ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    made = [path for path in out.rglob("*") if path.suffix in {".pdf", ".xlsx"}]
    return [Figure("sipas demo", seconds, "s", f"1 run; {len(made)} reports and workbooks")]
