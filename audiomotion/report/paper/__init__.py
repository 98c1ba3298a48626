"""The tables of the paper, filled with what was measured here."""
