"""Pictures of models."""

from __future__ import annotations

from .graph import model_to_dot, plot_model

__all__ = ["model_to_dot", "plot_model"]
