"""Bytes of strangers: files that hold weights, read without running anything in them."""
