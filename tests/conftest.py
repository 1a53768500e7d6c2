"""Hypothesis never judges by time here, and under CI draws the same examples every time: what it finds is mended where
it was found, by whoever runs it elsewhere, and a release does not hang on the dice.
"""

import os

from hypothesis import settings

settings.register_profile("sidelight", deadline=None, derandomize=os.environ.get("CI", "") == "true")
settings.load_profile("sidelight")
