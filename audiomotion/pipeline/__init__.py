"""A trained system for use: a recording or a sentence in, a motion out, and files of both."""

from audiomotion.pipeline.pipeline import AudioToMotionPipeline

__all__ = ["AudioToMotionPipeline"]
