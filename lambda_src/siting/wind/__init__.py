"""Geometry and physics of wind farms. Imports neither AWS nor Strands."""
