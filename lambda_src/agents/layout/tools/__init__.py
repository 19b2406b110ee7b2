"""The layout agent's tools, and the layout they share."""
