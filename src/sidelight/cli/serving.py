"""`serve`, `dashboard` and `server`: the home's HTTP server, its page, and the user's own server for hooks."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import Any

from sidelight import space
from sidelight.cli.terminal import DONE, NOT_RECORDED, USAGE, Command, Terminal, open_ledger

_MISSING = "this needs the server's parts; install them: pip install 'sidelight[server]'"


# ── serve ──


def _serve_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, help="the port; 0 picks a free one (default: 0, or none with --uds)")
    parser.add_argument("--uds", metavar="PATH", help="listen on a private socket in the file system")
    parser.add_argument("--allow-remote", action="store_true", help="let --host be one that other machines reach")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a further name it may be addressed by"
    )


def _serve(options: Namespace, terminal: Terminal) -> int:
    try:
        from sidelight.server import run
    except ImportError:
        return terminal.fail(_MISSING, NOT_RECORDED)
    port = options.port if options.port is not None or options.uds else 0
    if port is not None and not 0 <= port <= 65_535:
        return terminal.fail(f"--port must be from 0 to 65535, not {port}", USAGE)
    where = run.Where(options.host, port, options.uds, options.allow_remote, tuple(options.allow_host))
    own = space.state_dir(terminal.env)
    found = space.find_home(os.getcwd(), terminal.env, options.home)
    agent = found.is_agent_home or (options.home is not None and not _same(found.path, own))
    try:
        return run.serve(found.path, where, terminal.env, agent_home=agent)
    except run.RefusedError as refused:
        return terminal.fail(str(refused), USAGE)


# ── server ──


def _server_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("status", "start", "stop"), help="what to do with it")


def _server(options: Namespace, terminal: Terminal) -> int:
    try:
        from sidelight.server import user_server
    except ImportError:
        return terminal.fail(_MISSING, NOT_RECORDED)
    if options.what == "stop":
        stopped = user_server.stop(terminal.env)
        return _said(terminal, {"running": False, "stopped": stopped}, "Stopped." if stopped else "It was not running.")
    found = user_server.start(terminal.env) if options.what == "start" else user_server.status(terminal.env)
    if found is None and options.what == "start":
        return terminal.fail("the server did not start; logs/server.log of your home says why", NOT_RECORDED)
    if found is None:
        return _said(terminal, {"running": False}, "It is not running; the next hook starts it.")
    body = {"running": True, "pid": found.pid, "version": found.version, "socket": found.socket}
    return _said(
        terminal,
        body | {"answers": found.answers},
        f"Process {found.pid}, version {found.version}, on {found.socket}"
        + ("." if found.answers else "; it does not answer, `sidelight server stop` ends it."),
    )


# ── dashboard ──


def _dashboard_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open the page in your browser")


def _dashboard(options: Namespace, terminal: Terminal) -> int:
    try:
        from sidelight.server import signin
    except ImportError:
        return terminal.fail(_MISSING, NOT_RECORDED)
    home = space.find_home(os.getcwd(), terminal.env, options.home).path
    url = _served_at(home)
    if url is None:
        return terminal.fail("no page of this home is served; `sidelight serve` in another terminal does", NOT_RECORDED)
    with open_ledger(options) as ledger:
        code = signin.make_code(ledger.store)
    if options.open:
        import webbrowser

        webbrowser.open(url)
    minutes = signin.CODE_MS // 60_000
    body = {"url": url, "code": code, "seconds": signin.CODE_MS // 1000}
    return _said(terminal, body, f"{url}\nCode: {code} (good once, for {minutes} minutes)")


def _served_at(home: str) -> str | None:
    """The address that a browser can open; None where the home is not served, or only on a socket."""
    try:
        with open(os.path.join(home, "server.url"), encoding="utf-8") as file:
            url = file.read(2048).strip()
    except OSError:
        return None
    return url if url.startswith("http") else None


def _said(terminal: Terminal, body: dict[str, Any], sentence: str) -> int:
    if terminal.as_json:
        terminal.body(body)
    else:
        terminal.say(sentence)
    return DONE


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


COMMANDS = (
    Command(
        "serve",
        "serve a home over HTTP, to any session that can run curl",
        ("sidelight serve --home ~/agent", "sidelight serve --home ~/agent --uds /run/user/1000/agent.sock"),
        _serve_arguments,
        _serve,
    ),
    Command(
        "dashboard",
        "the address of the served page, and a code to sign in with",
        ("sidelight dashboard", "sidelight dashboard --open"),
        _dashboard_arguments,
        _dashboard,
    ),
    Command(
        "server",
        "your own server, which hooks start when they need it",
        ("sidelight server status", "sidelight server stop"),
        _server_arguments,
        _server,
    ),
)
