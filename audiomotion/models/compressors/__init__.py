"""Features of an utterance to a condition of fixed size, one file a compressor."""
