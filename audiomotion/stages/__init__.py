"""Stages: what each step of a run reads, writes and needs; nothing of where it runs."""
