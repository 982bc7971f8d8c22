"""Practice: whole surveys with simulated lists and answers, through the real verbs."""
