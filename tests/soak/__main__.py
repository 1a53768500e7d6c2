"""`python -m tests.soak --seconds 1200 --sessions 30`."""

import argparse
import sys

from tests.soak.play import alone, play

parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
parser.add_argument("--seconds", type=float, default=1200)
parser.add_argument("--sessions", type=int, default=30)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
alone(sys.argv[1:])
report = play(options.seconds, options.sessions, seed=options.seed, say=lambda text: print(text, flush=True))
for name, figure in report.figures.items():
    print(f"{name:>20}  {figure}")
for sentence in report.wrong[:50]:
    print(f"does not balance: {sentence}")
print(f"{len(report.wrong)} things do not balance" if report.wrong else "The books balance.")
sys.exit(1 if report.wrong else 0)
