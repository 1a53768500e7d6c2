"""How the documentation is built: `make docs`. References are written from the code first (`reference.py`)."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import reference  # noqa: E402 - it lies beside this file

from sidelight import __version__  # noqa: E402 - as above

reference.write(HERE, os.environ.get("SIDELIGHT_REFERENCE") or os.path.join(HERE, os.pardir, "build", "reference"))

project = "Sidelight"
author = copyright = "Sidelight contributors"  # noqa: A001 - Sphinx's name
version = release = __version__

extensions = ["myst_parser"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
# A page may say ```console without its output being Python's idea of a console session.
suppress_warnings = ["misc.highlighting_failure"]
nitpicky = True

html_theme = "furo"
html_title = f"Sidelight {__version__}"
html_copy_source = False
html_show_sphinx = False
