"""Kerata: the Keras API, every era of it, on exchangeable tensor engines."""
