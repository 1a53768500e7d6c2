"""Machines that share a ledger: two on a link that can be cut, a proxy between them, a container and its host."""
