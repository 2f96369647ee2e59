"""What holds for every test."""

from hypothesis import settings

# How long an example takes is the machine's affair: kernels are compiled in the middle of the first one.
settings.register_profile("mixminus", deadline=None)
settings.load_profile("mixminus")
