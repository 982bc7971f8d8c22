"""Field work: who gets which form, codes and letters, what has come in."""
