"""The report: what it says, section by section, and how it is set."""
