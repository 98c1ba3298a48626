"""Written captions said as people say them, by rules or by language models."""
