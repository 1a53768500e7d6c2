"""A long play: many sessions at once, by hooks, HTTP and MCP, while things go wrong; at the end the books must balance.

`make soak` plays for twenty minutes, `SECONDS=60 make soak` for one; a short one is among the long tests.
"""
