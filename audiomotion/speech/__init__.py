"""Captions spoken aloud, and the audio files that hold them. Light: neither torch nor a model."""
