"""Layers that change images: crops, colours, warps, mixtures, and policies made of them."""
