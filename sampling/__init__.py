"""Who is asked: sizes, allocation, selection, protocol. Plain values in, frozen results out."""
