"""The ways to hide part of a picture, by name and without torch: what `--help` and a setting's check need."""

WAYS = {
    "mean": "each piece's mean colour",
    "blur": "the picture blurred",
    "grey": "grey",
    "picture": "the picture's mean colour",
    "noise": "noisy surroundings",
}
"""Each in words, in the order in which they win among equals."""
