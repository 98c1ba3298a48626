"""Parts for audiomotion from another package: the extractor `envelope` and the compressor `gru`."""
