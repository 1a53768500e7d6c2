"""`doctor`, `demo` and `replay`: is it sound, how does it feel, and how well does it judge."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from sidelight.cli.progress import Bar
from sidelight.cli.terminal import DONE, NOT_RECORDED, USAGE, Command, Terminal
from sidelight.redact import line

# ── doctor ──


def _doctor_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--repair",
        action="store_true",
        help="set a damaged ledger file aside, keep what can be read of it, and mend what others could read",
    )


def _doctor(options: Namespace, terminal: Terminal) -> int:
    from sidelight import doctor

    patient = doctor.Patient.found(options.home, terminal.env)
    done = doctor.repair(patient) if options.repair else []
    found = [*doctor.examine(patient), *doctor.examine_hosts(patient, _cwd(), terminal.env)]
    well = not any(one.wrong for one in found)
    if terminal.as_json:
        terminal.body(
            {"home": patient.home, "well": well, "repaired": done, "findings": [one.as_json() for one in found]}
        )
        return DONE if well else NOT_RECORDED
    terminal.say(*(f"repaired: {one}" for one in done))
    for one in found:
        mark, colour = ("WRONG", "conflict") if one.wrong else ("ok   " if one.fine else "note ", "faint")
        terminal.say(f"{terminal.paint(mark, colour)}  {one.what}")
        if one.cause:
            terminal.say(f"       why: {one.cause}")
        if one.remedy:
            terminal.say(f"       do:  {one.remedy}")
    number = sum(one.wrong for one in found)
    terminal.say("All is well." if well else f"{number} thing{'s are' if number > 1 else ' is'} wrong.")
    return DONE if well else NOT_RECORDED


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # the directory was deleted under us
        return "/"


# ── demo ──


def _no_arguments(parser: ArgumentParser) -> None:
    del parser


def _demo(options: Namespace, terminal: Terminal) -> int:
    from sidelight import demo

    del options
    story = demo.play(lambda text: None if terminal.as_json else terminal.say(terminal.severe(text)))
    if terminal.as_json:
        terminal.body(story.as_json())
    return DONE if story.told_both else NOT_RECORDED


# ── replay ──


def _replay_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="holds the scenarios, one .json file each")
    parser.add_argument("--out", metavar="FILE", required=True, help="where the decisions go, one JSON line a step")


def _replay(options: Namespace, terminal: Terminal) -> int:
    from sidelight import replay

    if not os.path.isdir(options.directory):
        return terminal.fail(f"{line(options.directory, 200)} is no directory", USAGE)
    try:
        with Bar.on(terminal, "Replaying") as bar:
            steps = replay.run(options.directory, options.out, progress=bar.show)
    except (ValueError, KeyError) as error:
        return terminal.fail(f"a scenario could not be read: {type(error).__name__}: {line(str(error), 200)}", USAGE)
    if terminal.as_json:
        terminal.body({"decisions": steps, "file": options.out})
    else:
        terminal.say(f"{steps:,} decisions written to {line(options.out, 200)}.")
    return DONE


COMMANDS = (
    Command(
        "doctor",
        "check that everything works, and say what to do where it does not",
        ("sidelight doctor", "sidelight doctor --repair", "sidelight doctor --json | jq .findings"),
        _doctor_arguments,
        _doctor,
    ),
    Command(
        "demo",
        "see two sessions collide in a scratch repository; takes seconds and touches nothing of yours",
        ("sidelight demo",),
        _no_arguments,
        _demo,
    ),
    Command(
        "replay",
        "run recorded scenarios through the real code and write what it decides",
        ("sidelight replay scenarios/ --out decisions.jsonl",),
        _replay_arguments,
        _replay,
    ),
)
