"""Pictures of a wind farm, drawn with Matplotlib, by the tool that needs them and only then."""
