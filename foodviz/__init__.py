"""Shows what an image classifier trained on Food-11 has learned, and how far each picture can be trusted."""

__version__ = "0.1.0"
