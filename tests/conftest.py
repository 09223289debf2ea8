"""Settings of the test run itself: one Hypothesis profile, without deadlines, because kernels compile on first use."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("myriad", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("myriad")
