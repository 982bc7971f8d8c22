"""Logs as JSON lines to stderr: what happened and where; no answers, names, codes, addresses."""

import sys

import structlog


def configure() -> None:
    """Set up structlog once per process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
