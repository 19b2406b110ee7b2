"""Property tests on a machine that other work shares."""

from hypothesis import settings

# A slow moment of the machine is no failure.
settings.register_profile("wind", deadline=None, max_examples=60)
settings.load_profile("wind")
