"""The formats that a generated motion is written in, a file each."""
