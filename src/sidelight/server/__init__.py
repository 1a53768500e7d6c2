"""The HTTP face of a home: every route on one screen in `app`, and an ASGI middleware for other people's servers.

    sidelight serve --home ~/agent

Thin on purpose: a route reads a request, calls one verb of the ledger or of `home`, and answers.
"""
