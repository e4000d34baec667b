"""Training: the step, the loop, data adapters and callbacks."""
