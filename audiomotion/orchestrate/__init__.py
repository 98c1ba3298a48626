"""Plans, the artifact store, and the executors that run stages."""
