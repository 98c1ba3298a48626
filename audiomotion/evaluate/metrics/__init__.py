"""The published metrics, one file each: numpy in float64, no torch."""
