"""Ablations of audio-to-motion systems: each arm trained once, beside the published figure."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("audiomotion")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0+unknown"
