"""Says at the end of a run which store engines ran, so that one which silently did not is seen.

A fixture that opens an engine calls ``record_property("engine", "sqlite")``; pytest carries it to the summary, from
parallel workers too.
"""

from collections import Counter


def pytest_terminal_summary(terminalreporter):
    ran = Counter(
        value
        for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
        for name, value in report.user_properties
        if name == "engine"
    )
    words = ", ".join(f"{engine} ({n} tests)" for engine, n in sorted(ran.items())) or "none said so"
    terminalreporter.write_sep("-", f"engines that ran: {words}")
