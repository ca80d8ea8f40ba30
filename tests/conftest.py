"""What holds for all tests: no deadline for hypothesis, since a loaded machine is no defect."""

from hypothesis import settings

settings.register_profile("ouzel", deadline=None)
settings.load_profile("ouzel")
