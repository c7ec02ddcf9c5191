"""Torch modules and nothing else: one mechanism of the papers a file."""
