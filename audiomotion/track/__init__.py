"""Tracking: what a launch did, in MLflow."""
