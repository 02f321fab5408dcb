"""Which architecture weights belong to, guessed from their names and shapes."""
