"""What is asked: definitions, answer checks, routing, method versions. Pure: text and plain values."""
