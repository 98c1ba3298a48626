"""From a condition to motion tokens."""
