"""The few scripts that turn sources into the book."""
