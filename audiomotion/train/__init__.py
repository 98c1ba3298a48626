"""Training: one resumable loop, and what each part feeds it."""
