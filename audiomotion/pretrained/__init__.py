"""Published weights: where they lie, what is known of them, and loading them from a folder."""
