"""Layers that turn text, categories and sound into numbers that other layers take."""
