"""Data sets: where clips and captions come from, and how they are kept."""
