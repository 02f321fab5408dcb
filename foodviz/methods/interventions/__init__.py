"""Changes of one thing in a picture, to see whether the answer needs it; pure functions, a catalogue names them."""
