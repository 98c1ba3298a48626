"""The trained networks: RVQ-VAE, masked and residual transformer, compressors, evaluator."""
