"""Results: estimates from answers, agreement of the re-check, reports."""
