"""Collecting: intake of answers that nobody can join to a person, and the citizens' pages."""
