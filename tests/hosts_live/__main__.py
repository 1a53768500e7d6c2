"""Runs these tests within a network namespace that has nothing but loopback: `scripts/hosts`."""

import os
import sys

import pytest

sys.path.insert(0, os.environ["LAB"])

if __name__ == "__main__":
    from importlib import import_module

    import_module("netns").only_loopback()
    sys.exit(pytest.main(sys.argv[1:]))
