"""What is asked: definitions, answer checks, routing, methods. Pure: text and plain values."""
