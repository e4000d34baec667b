"""Recurrent layers: cells, the loop over time, and wrappers for sequences."""
