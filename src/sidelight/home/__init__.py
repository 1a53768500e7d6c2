"""What an agent home owns besides its ledger: its settings, its commitments, and what it tells its sessions.

`settings` changes `config.json`, `commitments` keeps promises in the ledger's database, `awareness` writes the section
of CLAUDE.md and AGENTS.md. No face is here: the server and the terminal call it.
"""
