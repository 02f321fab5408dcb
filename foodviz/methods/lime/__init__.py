"""LIME: which superpixels of a photograph speak for a class. `lime.explain` is the method, the rest serves it."""
