"""Training a classifier honestly and small: pixels in memory, one recipe, validation after each epoch."""
