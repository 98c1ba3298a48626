"""Optuna studies over what a trained system, or a training, is configured with."""
