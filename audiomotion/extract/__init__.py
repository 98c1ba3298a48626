"""The frozen encoders: waveforms to feature frames."""
