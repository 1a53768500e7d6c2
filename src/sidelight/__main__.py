"""`python -m sidelight`: the terminal face."""

from sidelight.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
