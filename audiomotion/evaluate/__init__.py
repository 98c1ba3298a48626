"""How well motion fits its instruction: the metrics, the evaluator's space, the protocol."""
