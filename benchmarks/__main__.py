"""Every benchmark, one after another."""

from benchmarks import library

if __name__ == "__main__":
    raise SystemExit(library.main())
