"""The map of what bounds the turbines: drawn once, shown as a page and as a picture."""
