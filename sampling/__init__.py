"""Who is asked: sizes, allocation, selection, protocol. Pure: plain values in, frozen results out."""
