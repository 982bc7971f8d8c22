"""Choosing who is asked: sizes, allocation, draw, protocol."""
