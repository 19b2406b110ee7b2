"""The settings of an environment: what its file may say, and how it is read."""
