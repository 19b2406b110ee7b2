"""Machines are not equally fast: no example has a deadline."""

from hypothesis import settings

settings.register_profile("cloudwatch", deadline=None)
settings.load_profile("cloudwatch")
