"""What starts, what stops and what kills, case by case from the manuals."""

import json

import pytest

from sidelight.effects import UNKNOWN, containers, processes, servers
from sidelight.targets import process_matches
from tests.effects.reading import check, command, done, known, said
from tests.fakes import FakeFacts

USES_REPO = "server-start uses path:m1:/repo"
WHOLE_PM2 = ["only", "process-kill destroys process:m1:pm2", "process-kill destroys service:m1"]
ALL, SESSIONS = "process-kill destroys process:m1", "process-kill destroys session:m1"


def port(number):
    return ["only", f"process-kill destroys port:m1:{number}"]


def stopped(*keys):
    return ["only", *(f"container-stop destroys {key}" for key in keys)]


COMPOSE = """name: shop
services:
  web:
    ports:
      - "3000:3000"
      - 127.0.0.1:9229:9229
  db:
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data:
  cache: {}
"""

CASES = {
    # by number and by port
    "kill": ("kill -9 4711", ["only", "process-kill destroys process:m1:pid:4711"]),
    "kill of a group": ("kill -TERM -- -4711", ["only", "process-kill destroys process:m1:pid:4711"]),
    "kill of several": (
        "kill -s INT 1 2",
        ["process-kill destroys process:m1:pid:1", "process-kill destroys process:m1:pid:2"],
    ),
    "kill of everything": ("kill -9 -1", ["only", ALL, SESSIONS]),
    "kill -0 asks": ("kill -0 4711", "read"),
    "kill -l lists": ("kill -l", "read"),
    "kill of a job of one's own": ("kill %1", []),
    "kill of what a variable holds": (f"kill {UNKNOWN}", []),
    "fuser -k": ("fuser -k 3000/tcp", port(3000)),
    "fuser -k with a name space": ("fuser -k -n tcp 3000", port(3000)),
    "fuser asks": ("fuser 3000/tcp", "read"),
    "kill-port": ("kill-port 3000 3001", ["process-kill destroys port:m1:3000", "process-kill destroys port:m1:3001"]),
    "kill-port with an option": ("kill-port --port 3000", port(3000)),
    "fkill of a port": ("fkill :3000", port(3000)),
    "fkill of a number": ("fkill 4711", ["only", "process-kill destroys process:m1:pid:4711"]),
    "Stop-Process by number": ("Stop-Process -Id 4711 -Force", ["only", "process-kill destroys process:m1:pid:4711"]),
    "Stop-Process that only looks": ("Stop-Process -Name node -WhatIf", "read"),
    "taskkill by number": ("taskkill /F /PID 4711", ["only", "process-kill destroys process:m1:pid:4711"]),
    "pgrep asks": ("pgrep -f next", "read"),
    # by pattern
    "pkill": ("pkill node", ["only", ALL]),
    "pkill -f": ("pkill -9 -f 'next dev'", ["only", ALL]),
    "pkill of a signal by its name": ("pkill -SIGTERM -f vite", ["only", ALL]),
    "pkill of an agent ends sessions": ("pkill -f claude", ["only", ALL, SESSIONS]),
    "pkill of part of an agent's name": ("pkill -f codex", ["only", ALL, SESSIONS]),
    "pkill of an agent's helper does not": ("pkill -f claude-code-router", ["only", ALL]),
    "pkill of a user's all": ("pkill -u deploy", ["only", ALL, SESSIONS]),
    "pkill of children of one's own": ("pkill -P 4711", []),
    "pkill -0 asks": ("pkill -0 node", "read"),
    "killall": ("killall -9 node", ["only", ALL]),
    "killall of tmux ends sessions": ("killall tmux", ["only", ALL, SESSIONS]),
    "killall lists": ("killall -l", "read"),
    "taskkill by image": ("taskkill /F /IM node.exe", ["only", ALL]),
    "taskkill by filter": ("taskkill /FI 'IMAGENAME eq node.exe'", ["only", ALL]),
    "taskkill of git bash": ("taskkill //F //IM node.exe", ["only", ALL]),
    "Stop-Process by name": ("Stop-Process -Name node", ["only", ALL]),
    "a machine that goes down": ("shutdown -r now", [ALL, SESSIONS]),
    "a shutdown called off": ("shutdown -c", "read"),
    # terminals
    "tmux kill-server": ("tmux kill-server", ["only", "process-kill destroys process:m1:tmux", SESSIONS]),
    "tmux kill-server of its own": ("tmux -L job7 kill-server", ["only", "process-kill destroys process:m1:tmux@job7"]),
    "tmux kill-session": ("tmux kill-session -t web", ["only", "process-kill destroys process:m1:tmux:web"]),
    "tmux kill-session of all others": ("tmux kill-session -a -t web", [SESSIONS]),
    "tmux kill-window": ("tmux kill-window -t web:1", ["only", "process-kill destroys process:m1:tmux:web"]),
    "tmux interrupts": ("tmux send-keys -t web C-c", ["only", "process-kill destroys process:m1:tmux:web"]),
    "tmux types": ("tmux send-keys -t web ls Enter", ["only", "run uses process:m1:tmux:web"]),
    "tmux types where nobody knows": ("tmux send-keys ls Enter", "nothing"),
    "tmux starts a pane again": (
        "tmux respawn-pane -k -t web:0.1",
        ["only", "process-kill destroys process:m1:tmux:web"],
    ),
    "tmux adds a window": ("tmux new-window -t web -n log", ["only", "run uses process:m1:tmux:web"]),
    "screen types": ("screen -S web -X stuff ls", ["only", "run uses process:m1:screen:web"]),
    "screen interrupts": ("screen -S web -X stuff ^C", ["only", "process-kill destroys process:m1:screen:web"]),
    "tmux new-session": ("tmux new-session -d -s web", ["only", "run uses process:m1:tmux:web"]),
    "tmux ls": ("tmux ls", "read"),
    "screen quits one": ("screen -S web -X quit", ["only", "process-kill destroys process:m1:screen:web"]),
    "screen -wipe": ("screen -wipe", [SESSIONS]),
    "screen -ls": ("screen -ls", "read"),
    "zellij kills all": ("zellij kill-all-sessions -y", [SESSIONS]),
    # services and managers
    "systemctl restart": (
        "systemctl restart postgresql",
        ["only", "process-kill destroys service:m1/postgresql", "process-kill destroys port:m1:5432"],
    ),
    "systemctl stop of docker": ("systemctl stop docker.service", ["process-kill destroys container:m1"]),
    "systemctl start": (
        "systemctl start redis",
        ["server-start uses service:m1/redis", "server-start uses port:m1:6379"],
    ),
    "systemctl status": ("systemctl status nginx", "read"),
    "systemctl enable": ("systemctl enable nginx", "nothing"),
    "systemctl disable now": ("systemctl disable --now nginx", ["process-kill destroys service:m1/nginx"]),
    "systemctl reboot": ("systemctl reboot", [ALL]),
    "service restart": ("service nginx restart", ["process-kill destroys service:m1/nginx"]),
    "service status": ("service nginx status", "read"),
    "launchctl kickstart -k": (
        "launchctl kickstart -k gui/501/com.acme.agent",
        ["process-kill destroys service:m1/com.acme.agent"],
    ),
    "launchctl list": ("launchctl list", "read"),
    "net stop": ("net stop postgresql", ["process-kill destroys service:m1/postgresql"]),
    "pm2 start": (
        "pm2 start server.js --name web",
        ["server-start uses process:m1:pm2:web", "server-start uses service:m1/web"],
    ),
    "pm2 start without a name": ("pm2 start src/server.js", ["server-start uses service:m1/server"]),
    "pm2 start of one of a file's": ("pm2 start ecosystem.config.js --only api", ["server-start uses service:m1/api"]),
    "pm2 start of a whole file": (
        "pm2 start ecosystem.config.js",
        ["only", "server-start uses process:m1:pm2", USES_REPO],
    ),
    "pm2 restart": (
        "pm2 restart web --update-env",
        ["only", "process-kill destroys process:m1:pm2:web", "process-kill destroys service:m1/web"],
    ),
    "pm2 reload": ("pm2 reload web", ["process-kill destroys service:m1/web"]),
    "pm2 delete all": ("pm2 delete all", WHOLE_PM2),
    "pm2 restart all": ("pm2 restart all", WHOLE_PM2),
    "pm2 kill": ("pm2 kill", WHOLE_PM2),
    "pm2 list": ("pm2 ls", "read"),
    "supervisorctl restart": (
        "supervisorctl restart worker:*",
        ["only", "process-kill destroys process:m1:supervisor:worker", "process-kill destroys service:m1/worker"],
    ),
    "supervisorctl status": ("supervisorctl status", "read"),
    # containers
    "docker stop": ("docker stop web", stopped("container:m1:web")),
    "docker rm of several": ("docker rm -f web db", stopped("container:m1:web", "container:m1:db")),
    "docker container kill": ("docker container kill web", stopped("container:m1:web")),
    "docker stop with a time": ("docker stop -t 5 web", stopped("container:m1:web")),
    "docker restart of a compose service's": (
        "docker restart shop-web-1",
        stopped("container:m1:shop-web-1", "compose:m1:shop:web"),
    ),
    "docker ps": ("docker ps -a", "read"),
    "docker logs": ("docker logs -f web", "read"),
    "docker run with a name and a port": (
        "docker run -d --name web -p 8080:80 nginx",
        ["only", "container-start uses container:m1:web", "container-start uses port:m1:8080"],
    ),
    "docker run on a directory": (
        "docker run --rm -v ./site:/usr/share/nginx/html nginx",
        ["only", "container-start uses path:m1:/repo/site"],
    ),
    "docker run on a volume": ("docker run -v data:/data busybox", ["only", "container-start uses volume:m1:data"]),
    "docker run on a long port": (
        "docker run --publish 5433:5432 postgres",
        ["only", "container-start uses port:m1:5433"],
    ),
    "docker exec": ("docker exec -it web rake db:seed", ["only", "run uses container:m1:web"]),
    "docker exec of a compose service's": (
        "docker exec shop-db-1 createdb x",
        ["only", "run uses container:m1:shop-db-1", "run uses compose:m1:shop:db"],
    ),
    "docker exec that reads": ("docker exec -i db psql -c 'select 1'", "read"),
    "docker exec that looks by a shell": ("docker exec web bash -c 'ls / | head'", "read"),
    "docker exec of a shell": ("docker exec -it web bash", ["only", "run uses container:m1:web"]),
    "podman exec": ("podman exec -e A=b db createdb x", ["only", "run uses container:m1:db"]),
    "docker start": ("docker start web", ["only", "container-start uses container:m1:web"]),
    "docker system prune": ("docker system prune -af", stopped("container:m1")),
    "docker system prune with volumes": ("docker system prune -f --volumes", stopped("container:m1", "volume:m1")),
    "docker volume prune": ("docker volume prune -f", stopped("volume:m1")),
    "docker volume rm": ("docker volume rm shop_data", stopped("volume:m1:shop_data")),
    "docker volume ls": ("docker volume ls", "read"),
    "docker context use": (
        "docker context use staging",
        ["only", "context-switch switches kubecontext:m1:/home/me/.docker/config.json"],
    ),
    "docker build": ("docker build -t app .", "nothing"),
    "docker push is for the registry's module": ("docker push acme/app", "not understood"),
    "docker cp out": ("docker cp web:/app/log.txt log.txt", ["only", "write replaces path:m1:/repo/log.txt"]),
    "docker on another machine": ("docker -H ssh://me@build1 stop web", stopped("container:build1:web")),
    "docker in another context": ("docker --context staging rm -f web", stopped("container:staging:web")),
    "docker stack": ("docker stack deploy -c compose.yml shop", ["only", "deploy replaces service:m1/shop"]),
    "podman": ("podman rm -f web", stopped("container:m1:web")),
    # compose
    "compose up": (
        "docker compose up -d",
        [
            "container-start uses compose:m1:shop",
            "container-start uses port:m1:3000",
            "container-start uses port:m1:9229",
        ],
    ),
    "compose up of one service": (
        "docker compose up -d db",
        ["only", "container-start uses compose:m1:shop:db", "container-start uses path:m1:/repo"],
    ),
    "compose up anew": ("docker compose up --force-recreate web", ["container-stop destroys compose:m1:shop:web"]),
    "compose down": ("docker compose down", stopped("compose:m1:shop")),
    "compose down with volumes": (
        "docker compose down -v",
        stopped("compose:m1:shop", "volume:m1:shop_data", "volume:m1:shop_cache"),
    ),
    "compose restart of a service": ("docker compose restart web", stopped("compose:m1:shop:web")),
    "compose of another project": ("docker compose -p other stop", stopped("compose:m1:other")),
    "compose by its old name": ("docker-compose stop web", stopped("compose:m1:shop:web")),
    "compose of another file": ("docker compose -f /infra/dev.yml down", stopped("compose:m1:infra")),
    "compose exec": ("docker compose exec -T db createdb x", ["only", "run uses compose:m1:shop:db"]),
    "compose exec in another project": (
        "docker compose -p other exec db createdb x",
        ["only", "run uses compose:m1:other:db"],
    ),
    "compose exec that reads": ("docker compose exec db cat /etc/hosts", "read"),
    "compose logs": ("docker compose logs -f web", "read"),
    "compose build": ("docker compose build", "nothing"),
}
FACTS = FakeFacts(files={"/repo/compose.yml": COMPOSE}, env={"HOME": "/home/me"})


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES.keys())
def test_processes(line, expected):
    check(done(processes, line, FACTS), expected)


# ── who is meant ──────────────────────────────────────────────────────────────────────────────────────────────────


def fed(line, *sources, **more):
    return done(processes, line, FACTS, sources=tuple(tuple(source.split("~")) for source in sources), **more)


@pytest.mark.parametrize(
    ("line", "sources", "expected"),
    {
        "lsof": (f"kill -9 {UNKNOWN}", ["lsof~-ti~:3000"], port(3000)),
        "lsof with a protocol": (f"kill {UNKNOWN}", ["lsof~-t~-i~tcp:3000"], port(3000)),
        "lsof and its listeners": (f"kill {UNKNOWN}", ["lsof~-ti:8080~-sTCP:LISTEN"], port(8080)),
        "several ports": (
            f"kill {UNKNOWN}",
            ["lsof~-ti:3000,3001"],
            ["process-kill destroys port:m1:3000", "process-kill destroys port:m1:3001"],
        ),
        "netstat and grep": (f"kill {UNKNOWN}", ["netstat~-tlnp", "grep~:3000", "awk~{print $7}"], port(3000)),
        "ss": (f"kill {UNKNOWN}", ["ss~-lptnH~sport = :3000"], port(3000)),
        "pgrep": (f"kill {UNKNOWN}", ["pgrep~-f~next dev"], ["only", ALL]),
        "ps and grep": (
            f"kill -9 {UNKNOWN}",
            ["ps~aux", "grep~next dev", "grep~-v~grep", "awk~{print $2}"],
            ["only", ALL],
        ),
        "ps and awk": (f"kill {UNKNOWN}", ["ps~aux", "awk~/vite/ {print $2}"], ["only", ALL]),
        "a pid file": (f"kill {UNKNOWN}", ["cat~server.pid"], []),
        "PowerShell's connections": (
            f"Stop-Process -Id {UNKNOWN}",
            ["Get-NetTCPConnection~-LocalPort~3000"],
            port(3000),
        ),
        "PowerShell's processes": ("Stop-Process -Force", ["Get-Process~node"], ["only", ALL]),
        "all containers": (f"docker rm -f {UNKNOWN}", ["docker~ps~-aq"], stopped("container:m1")),
        "containers by a filter": (
            f"docker stop {UNKNOWN}",
            ["docker~ps~-q~--filter~name=web"],
            stopped("container:m1:web"),
        ),
        "all volumes": (f"docker volume rm {UNKNOWN}", ["docker~volume~ls~-q"], stopped("volume:m1")),
    }.values(),
)
def test_a_kill_of_what_another_command_lists(line, sources, expected):
    check(fed(line, *sources, each=True), expected)


def test_a_container_that_only_a_variable_knows_is_not_guessed():
    assert said(done(processes, f"docker stop {UNKNOWN}", FACTS)) == []


@pytest.mark.parametrize(
    ("line", "value"),
    {
        "a name": ("pkill node", {"pattern": "node", "full": False, "exact": False}),
        "a whole line": ("pkill -f 'next dev'", {"pattern": "next dev", "full": True, "exact": False}),
        "an exact name": ("pkill -x node", {"pattern": "node", "full": False, "exact": True}),
        "bundled": ("pkill -9fx node", {"pattern": "node", "full": True, "exact": True}),
        "killall": ("killall node", {"pattern": "node", "full": False, "exact": True}),
        "killall by pattern": ("killall -r 'next.*'", {"pattern": "next.*", "full": False, "exact": False}),
        "taskkill": ("taskkill /IM node.exe /F", {"pattern": "node.exe", "full": False, "exact": True}),
        "taskkill with a star": ("taskkill /IM nod*", {"pattern": "nod", "full": False, "exact": False}),
    }.values(),
)
def test_a_kill_by_pattern_says_the_pattern(line, value):
    assert known(done(processes, line, FACTS)).drafts[0].touches[0].value == value


# ── servers ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "number"),
    {
        "next": ("next dev", 3000),
        "next on a port": ("next dev -p 3100", 3100),
        "next with an attached port": ("next start --port=3200", 3200),
        "a variable before it": ("PORT=3300 next dev", 3300),
        "vite": ("vite", 5173),
        "vite preview": ("vite preview", 4173),
        "vite with its host": ("vite --host --port 5200", 5200),
        "react-scripts": ("react-scripts start", 3000),
        "astro": ("astro dev", 4321),
        "nuxt": ("nuxt dev", 3000),
        "storybook": ("storybook dev -p 6007", 6007),
        "webpack": ("webpack serve", 8080),
        "angular": ("ng serve", 4200),
        "expo": ("expo start", 8081),
        "wrangler": ("wrangler dev", 8787),
        "json-server": ("json-server db.json --port 3004", 3004),
        "serve": ("serve -l 5000 dist", 5000),
        "serve on an address": ("serve -l tcp://0.0.0.0:5001", 5001),
        "flask": ("flask run", 5000),
        "flask on a port": ("flask --app web run -p 5050", 5050),
        "uvicorn": ("uvicorn app:app --reload", 8000),
        "uvicorn by its module": ("python -m uvicorn app:app --port 8010", 8010),
        "gunicorn": ("gunicorn -b 0.0.0.0:8020 app:app", 8020),
        "fastapi": ("fastapi dev main.py", 8000),
        "django": ("python manage.py runserver", 8000),
        "django on a port": ("python manage.py runserver 0.0.0.0:8001", 8001),
        "http.server": ("python3 -m http.server", 8000),
        "http.server on a port": ("python3 -m http.server 9000 --bind 127.0.0.1", 9000),
        "streamlit": ("streamlit run app.py --server.port 8502", 8502),
        "jupyter": ("jupyter lab --no-browser", 8888),
        "mkdocs": ("mkdocs serve -a localhost:8003", 8003),
        "rails": ("rails s -p 3001", 3001),
        "rails from bin": ("bin/rails server", 3000),
        "jekyll": ("jekyll serve -P 4001", 4001),
        "hugo": ("hugo server", 1313),
        "php": ("php -S localhost:8088 -t public", 8088),
        "artisan": ("php artisan serve", 8000),
        "phoenix": ("mix phx.server", 4000),
        "spring boot": ("./mvnw spring-boot:run", 8080),
        "spring boot on a port": ("./gradlew bootRun --args=--server.port=8081", 8080),
        "redis": ("redis-server --port 6380", 6380),
    }.values(),
)
def test_a_server_takes_the_port_its_manual_says(line, number):
    check(
        done(processes, line, FakeFacts()), [f"server-start uses port:m1:{number}", "server-start uses path:m1:/repo"]
    )


@pytest.mark.parametrize(
    "line",
    [
        "next build",
        "vite build",
        "python manage.py check",
        "python script.py",
        "go build",
        "flask routes",
        "rails routes",
        "php script.php",
        "webpack",
        "tsc --noEmit",
        "jekyll build",
        "hugo",
        "next --help",
    ],
)
def test_what_ends_by_itself_is_no_server(line):
    assert done(processes, line, FakeFacts()) is None


def test_a_server_in_the_background_of_no_known_kind_is_remembered_by_its_words():
    effects = done(processes, "node server.js", FakeFacts(), background=True)
    check(effects, ["only", "run uses process:m1:node server.js", "run uses path:m1:/repo"])
    effects = servers.in_background(command("./run-all --port 4100", FakeFacts()), FakeFacts())
    check(effects, ["server-start uses port:m1:4100"])


def test_a_python_tool_runs_from_the_environment_of_its_runner():
    effects = done(processes, "uvicorn app:app", FakeFacts(), through=("uv run",))
    check(effects, ["server-start uses deps:m1:/repo/.venv"])


def test_a_script_of_node_runs_from_the_dependency_tree_and_could_do_anything():
    effects = known(done(processes, "node script.js", FakeFacts()))
    check(effects, ["only", "deps-use uses deps:m1:/repo/node_modules"])
    assert effects.unknown


def test_a_watcher_is_a_process_without_a_port():
    found = said(done(processes, "tsc --watch", FakeFacts()))
    assert any(line.startswith("server-start uses process:m1:tsc") for line in found)
    assert not any("port:" in line for line in found)


def test_a_port_in_the_tools_own_config_counts():
    facts = FakeFacts(files={"/repo/vite.config.ts": "export default { server: { port: 5199 } }"})
    check(done(processes, "vite", facts), ["server-start uses port:m1:5199"])


def test_a_port_that_is_not_known_is_not_guessed():
    assert not any("port:" in line for line in said(done(processes, f"next dev -p {UNKNOWN}", FakeFacts())))


def test_a_node_tool_runs_from_the_dependency_tree():
    check(done(processes, "next dev", FakeFacts()), ["server-start uses deps:m1:/repo/node_modules"])


# ── the names a process goes by ───────────────────────────────────────────────────────────────────────────────────


def title(line, facts=None):
    effects = known(processes.read_script(command(line, facts or FakeFacts()), facts or FakeFacts()))
    return next(touch.value for touch in effects.drafts[0].touches if touch.key.startswith("process:"))


NEXT = FakeFacts(files={"/repo/package.json": json.dumps({"scripts": {"dev": "next dev"}})})
VINEXT = FakeFacts(files={"/repo/package.json": json.dumps({"scripts": {"dev": "vinext dev"}})})


@pytest.mark.parametrize(
    ("pattern", "full", "exact", "facts", "hit"),
    {
        "the name next gives itself": ("next-server", True, False, NEXT, True),
        "which vinext does not": ("next-server", True, False, VINEXT, False),
        "the line that was typed": ("npm run dev", True, False, NEXT, True),
        "the line the script holds": ("next dev", True, False, NEXT, True),
        "part of another tool's name": ("next dev", True, False, VINEXT, True),
        "the interpreter": ("node", False, False, NEXT, True),
        "the interpreter, exactly": ("node", False, True, NEXT, True),
        "an argument is no name": ("dev", False, False, NEXT, False),
        "where it runs": ("/repo/node_modules", True, False, NEXT, True),
        "where it does not": ("/other/node_modules", True, False, NEXT, False),
        "a regular expression": ("next.*dev", True, False, NEXT, True),
        "one that hides from itself": ("[n]ext dev", True, False, NEXT, True),
        "another tool": ("vite", True, False, NEXT, False),
    }.values(),
)
def test_a_pattern_finds_what_pkill_would_find(pattern, full, exact, facts, hit):
    assert process_matches(pattern, full=full, exact=exact, title=title("npm run dev", facts)) is hit


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "[[:alpha:]]+x", "(", "*", "a{1,99999}", "\\", "x" * 5000, ".*" * 40 + "!"]
)
def test_a_pattern_cannot_run_away(pattern):
    process_matches(pattern, full=True, exact=False, title="a" * 5000)


# ── scripts of a project ──────────────────────────────────────────────────────────────────────────────────────────

SCRIPTS = {
    "dev": "next dev",
    "web": "PORT=3400 next dev",
    "all": "concurrently 'npm:dev' 'npm:api'",
    "both": "vite & npm run api",
    "api": "nodemon server.js",
    "build": "next build",
    "test": "vitest run",
    "clean": "rm -rf dist",
    "format": "prettier --write src",
    "loop": "npm run loop",
    "start": "node server.js",
}
PROJECT = FakeFacts(files={"/repo/package.json": json.dumps({"scripts": SCRIPTS})})


def script(line, facts=PROJECT, **more):
    return processes.read_script(command(line, facts, **more), facts)


@pytest.mark.parametrize(
    ("line", "expected"),
    {
        "the script's server": ("npm run dev", ["server-start uses port:m1:3000"]),
        "a port after the dashes": ("npm run dev -- --port 3123", ["server-start uses port:m1:3123"]),
        "a variable before it": ("PORT=3100 npm run dev", ["server-start uses port:m1:3100"]),
        "a variable within it": ("npm run web", ["server-start uses port:m1:3400"]),
        "pnpm takes words as they are": ("pnpm dev --port 3124", ["server-start uses port:m1:3124"]),
        "yarn": ("yarn dev -p 3125", ["server-start uses port:m1:3125"]),
        "two at once": ("npm run both", ["server-start uses port:m1:5173"]),
        "a build runs from its dependencies": ("npm run build", ["only", "deps-use uses deps:m1:/repo/node_modules"]),
        "so does a test": ("npm test", ["only", "deps-use uses deps:m1:/repo/node_modules"]),
        "what a script deletes": ("npm run clean", [f"delete destroys path:m1:/repo/{'dist'}"]),
        "what a script rewrites": ("npm run format", ["rewrite edits path:m1:/repo/src"]),
        "a script for itself": ("npm run loop", ["deps-use uses deps:m1:/repo/node_modules"]),
        "a test that watches": ("vitest --watch", ["server-start uses deps:m1:/repo/node_modules"]),
        "a test that ends": ("vitest run", ["only", "deps-use uses deps:m1:/repo/node_modules"]),
    }.values(),
)
def test_a_script_is_looked_up(line, expected):
    check(script(line), expected)


def test_a_script_nobody_can_look_up_goes_by_its_name():
    facts = FakeFacts()
    check(
        script("npm run dev", facts),
        [
            "only",
            "server-start uses process:m1:npm run dev",
            "server-start uses path:m1:/repo",
            "server-start uses deps:m1:/repo/node_modules",
        ],
    )
    check(script("npm run dev -- --port 3123", facts), ["server-start uses port:m1:3123"])
    check(script("npm run lint", facts), ["only", "deps-use uses deps:m1:/repo/node_modules"])
    check(script("npm run lint", facts, background=True), ["server-start uses path:m1:/repo"])


def test_a_script_of_a_member_is_looked_up_there():
    facts = FakeFacts(
        files={"/repo/package.json": "{}", "/repo/apps/web/package.json": json.dumps({"scripts": {"dev": "astro dev"}})}
    )
    for line in ("npm run dev -w apps/web", "pnpm --filter web dev", "npm --prefix apps/web run dev"):
        check(script(line, facts), ["server-start uses port:m1:4321"])


# ── compose ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("facts", "project"),
    {
        "its directory": (FakeFacts(files={"/repo/compose.yml": "services: {}"}), "repo"),
        "the environment": (FakeFacts(env={"COMPOSE_PROJECT_NAME": "Mine"}), "mine"),
        "its .env": (
            FakeFacts(files={"/repo/compose.yml": "services: {}", "/repo/.env": "COMPOSE_PROJECT_NAME=envd\n"}),
            "envd",
        ),
        "its own name": (FACTS, "shop"),
        "found above": (
            FakeFacts("/repo/web", files={"/repo/docker-compose.yml": "services: {}", "/repo/web/a": ""}),
            "repo",
        ),
    }.values(),
)
def test_a_compose_project_is_named_by(facts, project):
    check(done(processes, "docker compose down", facts), stopped(f"compose:m1:{project}"))


def test_docker_host_says_whose_containers():
    facts = FakeFacts(env={"DOCKER_HOST": "tcp://build1:2375"})
    check(done(processes, "docker system prune -f", facts), stopped("container:build1"))
    facts = FakeFacts(env={"DOCKER_HOST": "unix:///var/run/docker.sock"})
    check(done(processes, "docker stop web", facts), stopped("container:m1:web"))


# ── robustness ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_words_ever_raise():
    verbs = {verb for _, verb in containers._DOCKER} | {
        "compose",
        "run",
        "dev",
        "start",
        "stop",
        "kill-server",
        "new-session",
    }
    for program in sorted(processes.PROGRAMS | {"npm", "yarn", "vitest"}):
        for rest in (
            [],
            ["--"],
            ["-"],
            [UNKNOWN],
            ["-p"],
            ["x", "y", "z"],
            ["", ""],
            *([verb, "-x"] for verb in sorted(verbs)),
        ):
            one = command("x", FACTS)._replace(argv=(program, *rest))
            processes.read(one, FACTS)
            processes.read_script(one, FACTS)


def test_every_server_is_a_program_of_the_module():
    assert set(servers._TABLE) <= processes.PROGRAMS


def test_a_program_in_the_background_is_known_by_its_line_and_by_its_path():
    effects = known(done(processes, "/opt/ml/bin/python train.py --big", FACTS, background=True))
    title = next(touch.value for touch in effects.drafts[0].touches if touch.key.startswith("process:"))
    assert title == "python train.py --big\n/opt/ml/bin/python train.py --big\npython"
    assert process_matches("python train.py", full=True, exact=False, title=title)


def test_what_a_runner_runs_relies_on_the_environment_of_the_project():
    effects = known(done(processes, "python train.py", FACTS, background=True, through=("uv run",)))
    assert "deps:m1:/repo/.venv" in [touch.key for touch in effects.drafts[0].touches]


def test_what_runs_nobody_knows_where_relies_on_no_tree():
    effects = known(done(processes, "python train.py", FakeFacts("", trees=[]), background=True))
    assert [touch.key for touch in effects.drafts[0].touches] == ["process:m1:python train.py"]


def test_what_enters_a_container_says_nothing_of_what_it_does_there():
    (draft,) = known(done(processes, "docker exec db psql -c 'insert into secrets values (7)'", FACTS)).drafts
    assert draft.summary == "docker exec db psql"
