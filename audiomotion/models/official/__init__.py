"""Published checkpoints: found in their folders, read without running them, checked."""
