"""Arrays -> matplotlib figures; never pyplot, never a computation that another part would need."""
