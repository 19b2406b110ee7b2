"""Cold starts of the deployed bundles beside those of what people write without this project."""
