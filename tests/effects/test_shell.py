"""What a command line executes, from the manuals of the shells and of the programs that run others."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from sidelight.effects import UNKNOWN, Redirect
from sidelight.effects.shell import argv_commands, commands, grammar, powershell_commands, summary
from tests.fakes import FakeFacts

HOME = {"HOME": "/home/me"}


def facts(**changes):
    return FakeFacts(env=HOME | changes.pop("env", {}), **changes)


def run(line, **changes):
    return commands(line, facts(**changes))[0]


def words(line, **changes):
    return [" ".join(command.argv).replace(UNKNOWN, "?") for command in run(line, **changes)]


def last(line, **changes):
    return run(line, **changes)[-1]


# Each sentence says which commands of the line are executed, in the order they are.
EXECUTED = {
    # lists, pipelines, groups
    "a plain command": ("git status", ["git status"]),
    "quotes are taken off": ("""git commit -m 'a b' --author "x y" """, ["git commit -m a b --author x y"]),
    "a list runs all its parts": ("git add a; git commit -m x && git push || echo no", None),
    "a pipeline runs each part": ("ps aux | grep node |& wc -l", ["ps aux", "grep node", "wc -l"]),
    "a subshell and a group are entered": ("(rm a; rm b); { rm c; }", ["rm a", "rm b", "rm c"]),
    "a comment is not executed": ("ls # rm -rf /", ["ls"]),
    "text in echo is not executed": ("echo 'rm -rf /' \"git reset --hard\"", ["echo rm -rf / git reset --hard"]),
    "a pattern is not executed": ("grep -r 'git push --force' .", ["grep -r git push --force ."]),
    "a message is not executed": ('git commit -m "revert; rm -rf x"', ["git commit -m revert; rm -rf x"]),
    "lines follow each other": ("rm a\nrm b\n\nrm c", ["rm a", "rm b", "rm c"]),
    "a backslash continues a line": ("rm \\\n  -rf \\\n  x", ["rm -rf x"]),
    "negation does not hide a command": ("! rm x", ["rm x"]),
    "an escaped blank stays in its word": (r"rm a\ b", ["rm a b"]),
    "carriage returns do not stick to words": ("rm x\r\nls\r\n", ["rm x", "ls"]),
    # what is decided before anything runs
    "false && … does not run": ("false && rm x", ["false"]),
    "true || … does not run": ("true || rm x", ["true"]),
    "nothing runs after exit": ("exit 0; rm x", []),
    "exit in a branch stops only that branch": ("[ -f a ] || exit 1; rm x", ["rm x"]),
    "exit in a subshell stops only the subshell": ("(exit 1); rm x", ["rm x"]),
    "exec takes the shell's place": ("exec rm x; rm y", ["rm x"]),
    "a false condition hides its branch": ("if false; then rm x; else rm y; fi", ["false", "rm y"]),
    "an open condition runs both branches": ("if make; then rm x; else rm y; fi", ["make", "rm x", "rm y"]),
    "elif branches are run": ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
    "a known case takes its branch": ("case b in a) rm a;; b|c) rm b;; *) rm c;; esac", ["rm b"]),
    "an unknown case takes all": ('case "$1" in a) rm a;; *) rm b;; esac', ["rm a", "rm b"]),
    # loops
    "a loop over words runs for each": ("for i in 1 2 3; do gh issue close $i; done", None),
    "a loop over braces runs for each": ("for i in {4..6}; do rm $i; done", ["rm 4", "rm 5", "rm 6"]),
    "a loop over seq runs for each": ("for i in $(seq 2); do rm $i; done", ["seq 2", "rm 1", "rm 2"]),
    "break ends a loop": ("for i in 1 2; do rm $i; break; done; ls", ["rm 1", "ls"]),
    "continue ends a turn": ("for i in 1 2; do continue; rm $i; done; ls", ["ls"]),
    "while read gets the lines that are known": ("printf '%s\\n' a b | while read x; do rm $x; done", None),
    "while read of a here-document": ("while read a b; do rm $b; done <<E\n1 x\n2 y\nE", ["rm x", "rm y"]),
    "a while loop's body is run once": ("while true; do date; sleep 1; done", ["true", "date", "sleep 1"]),
    "until false is the same": ("until false; do date; done", ["false", "date"]),
    "an arithmetic for loop is run once": ("for ((i=0; i<3; i++)); do rm $i; done", ["rm ?"]),
    # redirections between words
    "words after a redirection": ("psql < a.sql db -c x 2> err y", ["psql db -c x y"]),
    "a redirection first": ("2>/dev/null rm x", ["rm x"]),
    "a here-string between words": ("psql <<< x db", ["psql db"]),
    # variables
    "an assignment is known afterwards": ("R=rm; $R -rf x", ["rm -rf x"]),
    "an unquoted value is split": ("O='-r -f'; rm $O x", ["rm -r -f x"]),
    "a quoted value is not split": ("O='a b'; rm \"$O\"", ["rm a b"]),
    "a default is taken": ("rm ${D:-build}", ["rm build"]),
    "a default is assigned": (": ${D:=build}; rm $D", [": build", "rm build"]),
    "an alternative is taken": ("D=1; rm ${D:+a} ${E:+b}", ["rm a"]),
    "a suffix is cut": ("F=a.tar.gz; rm ${F%.gz} ${F%%.*} ${F#*.} ${F##*.}", ["rm a.tar a tar.gz gz"]),
    "a text is replaced": ("F=a-b-c; rm ${F//-/_} ${F/-/_}", ["rm a_b_c a_b-c"]),
    "a slice is taken": ("F=abcdef; rm ${F:1:2}", ["rm bc"]),
    "a length is counted": ("F=abc; echo ${#F}", ["echo 3"]),
    "the home is known": ("rm ~/x $HOME/y", ["rm /home/me/x /home/me/y"]),
    "the place is known": ("cd a; rm $PWD/x $OLDPWD/y", ["rm /repo/a/x /repo/y"]),
    "what is not set is unknown": ('rm -rf "$X"/y', ["rm -rf ?/y"]),
    "export counts": ("export D=out; rm $D", ["rm out"]),
    "arrays are known": ("a=(x 'y z'); rm \"${a[@]}\" ${a[0]}", ["rm x y z x"]),
    "arguments set by hand": ("set -- a b; rm $2", ["rm b"]),
    "an arithmetic value is unknown": ("rm $((1+2))", ["rm ?"]),
    "indirection is followed": ("A=B; B=x; rm ${!A}", ["rm x"]),
    # braces and patterns
    "braces are spelled out": ("rm {a,b}/{1..2}", ["rm a/1 a/2 b/1 b/2"]),
    "braces in quotes are not": ("rm '{a,b}'", ["rm {a,b}"]),
    "a reflog name is no brace expansion": ("git stash drop stash@{0}", ["git stash drop stash@{0}"]),
    "patterns stay as written": ("rm -rf *.o src/?x", ["rm -rf *.o src/?x"]),
    # substitutions
    "what is substituted is executed first": ("echo $(make x)", ["make x", "echo ?"]),
    "backticks too": ("echo `make x`", ["make x", "echo ?"]),
    "also in quotes": ('echo "a $(make x) b"', ["make x", "echo a ? b"]),
    "also in tests": ('[ "$(rm x)" = 1 ] && ls', ["rm x", "ls"]),
    "also in arithmetic": ("echo $((1 + $(rm x)))", ["rm x", "echo ?"]),
    "also in assignments": ("A=$(rm x)", ["rm x"]),
    "process substitution is executed": ("diff <(rm a) <(rm b)", ["rm a", "rm b", "diff ? ?"]),
    "what prints nothing leaves nothing": ("echo a$(rm x)b", ["rm x", "echo ab"]),
    "pwd is known": ("rm $(pwd)/x", ["pwd", "rm /repo/x"]),
    "the top level is known": ("rm $(git rev-parse --show-toplevel)/x", None),
    "basename and dirname are known": ("rm $(basename /a/b.c .c) $(dirname /a/b.c)", None),
    "a file's text is known": ("kill $(cat a.pid)", ["cat a.pid", "kill 4711"]),
    "the short form too": ("kill $(<a.pid)", ["kill 4711"]),
    # texts
    "bash -c is walked": ("bash -c 'rm a; rm b'", ["rm a", "rm b"]),
    "so are its clustered options": ("bash -euxo pipefail -lc 'rm a'", ["rm a"]),
    "arguments of bash -c are known": ("sh -c 'rm \"$1\"' _ x", ["rm x"]),
    "eval is walked": ("C='rm -rf x'; eval \"$C\"", ["rm -rf x"]),
    "zsh -c within bash -c": ("bash -c \"zsh -c 'rm x'\"", ["rm x"]),
    "a here-document feeds a shell": ("bash <<'EOF'\nrm x\nEOF", ["rm x"]),
    "a here-string feeds a shell": ("sh <<< 'rm x'", ["rm x"]),
    "a pipe feeds a shell": ("echo 'rm x' | sh", ["echo rm x", "rm x"]),
    "a here-document that feeds a file is text": ("cat > f <<'EOF'\nrm x\nEOF", ["cat"]),
    "two here-documents": ("cat <<A - <<B | sh\n1\nA\nrm x\nB", ["cat -", "rm x"]),
    "what follows a here-document": ("cat <<E | sh; rm y\nrm x\nE\nrm z", ["cat", "rm x", "rm y", "rm z"]),
    "a message in a here-document": ("git commit -m \"$(cat <<'E'\nit's rm\nE\n)\" && git push", None),
    "su -c is walked": ("su - bob -c 'rm x'", ["rm x"]),
    "script -c is walked": ("script -qc 'rm x' log", ["script -qc rm x log", "rm x"]),
    "watch is walked": ("watch -n 2 rm x", ["rm x"]),
    "flock -c is walked": ("flock /tmp/l -c 'rm x'", ["rm x"]),
    "a trap at the exit runs": ("trap 'rm t' EXIT; ls", ["rm t", "ls"]),
    "a trap on a signal does not": ("trap 'rm t' INT; ls", ["ls"]),
    # functions
    "a function is expanded where it is called": ('f() { rm -rf "$1"; }; ls; f a', ["ls", "rm -rf a"]),
    "a function that is not called does nothing": ("f() { rm x; }; ls", ["ls"]),
    "all arguments are passed on": ('f() { rm "$@"; }; f a "b c"', ["rm a b c"]),
    "return leaves the function only": ("f() { return; rm x; }; f; ls", ["ls"]),
    "shift moves the arguments": ("f() { shift; rm $1; }; f a b", ["rm b"]),
    # prefixes
    "sudo": ("sudo -nu root -- rm x", ["rm x"]),
    "sudo that runs nothing": ("sudo -l", ["sudo -l"]),
    "doas": ("doas -u www rm x", ["rm x"]),
    "env": ("env -i A=b -u X rm x", ["rm x"]),
    "env -S": ("env -S 'rm x' y", ["rm x y"]),
    "timeout": ("timeout -k 5 --signal=KILL 30s rm x", ["rm x"]),
    "nohup, nice, ionice, setsid": ("nohup nice -n 10 ionice -c3 setsid -f rm x", ["rm x"]),
    "stdbuf and time": ("time -p stdbuf -oL rm x", ["rm x"]),
    "command and builtin": ("command rm x; builtin cd y; rm z", ["rm x", "rm z"]),
    "command -v asks": ("command -v rm", ["command -v rm"]),
    "flock": ("flock -n /tmp/lock rm x", ["rm x"]),
    "chroot": ("chroot --userspec=a:b /mnt rm x", ["rm x"]),
    "caffeinate": ("caffeinate -i -t 60 rm x", ["rm x"]),
    "a path to the program": ("/usr/bin/env /bin/rm x", ["rm x"]),
    "an assignment before the command": ("A=1 B=2 rm x", ["rm x"]),
    "a program of Windows": ("git.exe reset --hard", ["git reset --hard"]),
    # runners
    "npx": ("npx --yes -p x kill-port@2 3000", ["kill-port 3000"]),
    "a scoped package": ("npx @angular/cli@17 build", ["@angular/cli build"]),
    "npx -c": ("npx -c 'rm x'", ["rm x"]),
    "npm exec": ("npm exec -- prisma migrate reset", ["prisma migrate reset"]),
    "pnpm exec and dlx": ("pnpm -F web exec next dev; pnpm dlx rimraf x", ["next dev", "rimraf x"]),
    "pnpm and yarn run a binary": ("pnpm prisma db push; yarn vite", ["prisma db push", "vite"]),
    "yarn dlx and bunx": ("yarn dlx rimraf x; bunx rimraf y", ["rimraf x", "rimraf y"]),
    "uv run and uvx": ("uv run --with a --python 3.12 pytest -q; uvx ruff format", ["pytest -q", "ruff format"]),
    "poetry, pipenv, pipx, hatch": ("poetry run a; pipenv run b; pipx run c", ["a", "b", "c"]),
    "bundle exec": ("bundle exec rails db:drop", ["rails db:drop"]),
    "dotenv, mise, direnv": ("dotenv -e .env -- a; mise exec node@22 -- b; direnv exec . c", ["a", "b", "c"]),
    "python -m": ("python3 -m pip install x", ["pip install x"]),
    "python -m of what is no program": ("python3 -m http.server 80", ["python3 -m http.server 80"]),
    # many runs
    "xargs of known words": ("echo a b | xargs rm -f", ["echo a b", "rm -f a b"]),
    "xargs one at a time": ("printf 'a\\nb\\n' | xargs -n1 rm", ["printf a\\nb\\n", "rm a", "rm b"]),
    "xargs -I": ("echo a | xargs -I{} mv {} x/{}", ["echo a", "mv a x/a"]),
    "xargs of unknown words": ("git ls-files | xargs -0 -r rm", ["git ls-files", "rm ?"]),
    "xargs sh -c": ("ls | xargs -I % sh -c 'rm %'", ["ls", "rm ?"]),
    "find -exec": (r"find src -name '*.o' -exec rm -f {} \;", ["rm -f src/**/*.o"]),
    "find -exec sh -c": ("find . -maxdepth 1 -exec sh -c 'rm \"$1\"' _ {} +", ["rm ./*"]),
    "find -delete stays itself": ("find src -name '*.o' -delete", ["find src -name *.o -delete"]),
    "find without -exec stays itself": ("find src -type f", ["find src -type f"]),
    "parallel": ("parallel rm {} ::: a b", ["rm a", "rm b"]),
    "fd -x": ("fd -e o -x rm {}", ["rm ?"]),
    # elsewhere
    "ssh": ("ssh -p 22 me@build1 'cd /srv && rm x'", ["rm x"]),
    "ssh fed by a here-document": ("ssh build1 bash -s <<E\nrm x\nE", ["rm x"]),
    "docker exec": ("docker exec -u root db psql -c x", ["docker exec -u root db psql -c x", "psql -c x"]),
    "docker run": ("docker run --rm -v a:b img sh -c 'rm x'", ["docker run --rm -v a:b img sh -c rm x", "rm x"]),
    "docker compose exec": (
        "docker compose -f a.yml exec -T web rails db:reset",
        ["docker compose -f a.yml exec -T web rails db:reset", "rails db:reset"],
    ),
    "docker compose up runs nothing inside": ("docker compose up -d", ["docker compose up -d"]),
    "kubectl exec": ("kubectl -n a exec pod1 -c web -- rm x", ["rm x"]),
    "tmux": ("tmux new-session -d -s a 'npm run dev'", ["tmux new-session -d -s a npm run dev", "npm run dev"]),
    # Windows
    "cmd /c": ('cmd //c "rd /s /q build"', ["rm -r -f build"]),
    "cmd /c start": ('cmd //c "start /b node server.js --port 4000"', ["node server.js --port 4000"]),
    "cmd /c start with a title": ("cmd /c 'start \"my api\" /min npm run dev'", ["npm run dev"]),
    "cmd with two commands": ('cmd /c "del /q a & taskkill /F /IM node.exe"', ["rm -f a", "taskkill /F /IM node.exe"]),
    "powershell": ('powershell -NoProfile -Command "Remove-Item -Recurse -Force x"', ["rm -r -f x"]),
    "Stop-Process": ('pwsh -c "Stop-Process -Name node -Force"', ["taskkill /F /IM node.exe"]),
    "taskkill as Git Bash writes it": ("taskkill //F //IM node.exe", ["taskkill //F //IM node.exe"]),
    # other languages
    "a Python text": ("python -c 'import shutil; shutil.rmtree(\"x\")'", None),
    "a Python text runs a shell": ("python3 - <<'E'\nimport os\nos.system('rm x')\nE", ["python3 -", "rm x"]),
    "a Python text runs a program": ('python -c \'subprocess.run(["rm", "x"])\'', None),
    "a Node text": ("node -e \"require('fs').rmSync('x', {recursive: true})\"", None),
    # lines that are not whole
    "an open quote runs nothing": ("rm x; echo 'a", []),
    "an open substitution runs nothing": ("rm $(ls", []),
    "whole commands around an error are seen": ("rm x; )", ["rm x"]),
}
SAID = {
    "a list runs all its parts": ["git add a", "git commit -m x", "git push", "echo no"],
    "a loop over words runs for each": ["gh issue close 1", "gh issue close 2", "gh issue close 3"],
    "while read gets the lines that are known": ["printf %s\\n a b", "rm a", "rm b"],
    "the top level is known": ["git rev-parse --show-toplevel", "rm /repo/x"],
    "basename and dirname are known": ["basename /a/b.c .c", "dirname /a/b.c", "rm b /a"],
    "a message in a here-document": ["cat", "git commit -m it's rm", "git push"],
    "a Python text": ['python -c import shutil; shutil.rmtree("x")', "rm -rf x"],
    "a Python text runs a program": ['python -c subprocess.run(["rm", "x"])', "rm x"],
    "a Node text": ["node -e require('fs').rmSync('x', {recursive: true})", "rm -rf x"],
}


@pytest.mark.parametrize("sentence", EXECUTED)
def test_what_a_line_executes(sentence):
    line, expected = EXECUTED[sentence]
    assert words(line, files={"/repo/a.pid": "4711\n"}) == (SAID[sentence] if expected is None else expected)


# Where the line's last command runs.
PLACES = {
    "cd is followed": ("cd web && rm x", "/repo/web"),
    "cd upwards": ("cd ../other && rm x", "/other"),
    "cd to an absolute path": ("cd /srv; rm x", "/srv"),
    "cd home": ("cd && rm x", "/home/me"),
    "cd ~": ("cd ~/w && rm x", "/home/me/w"),
    "cd back": ("cd a && cd - && rm x", "/repo"),
    "cd to a variable": ('D=web; cd "$D" && rm x', "/repo/web"),
    "cd to an unknown place": ('cd "$D" && rm x', ""),
    "cd from an unknown place to a known one": ('cd "$D"; cd /srv; rm x', "/srv"),
    "a failing cd": ("cd web || rm x", "/repo"),
    "cd or leave": ("cd web || exit 1; rm x", "/repo/web"),
    "cd in a subshell is forgotten": ("(cd web; ls); rm x", "/repo"),
    "cd in a group stays": ("{ cd web; }; rm x", "/repo/web"),
    "cd in the background is forgotten": ("cd web & rm x", "/repo"),
    "cd in a pipeline is forgotten": ("cd web | ls; rm x", "/repo"),
    "cd in a function stays": ("f() { cd web; }; f; rm x", "/repo/web"),
    "cd in one branch is believed": ("if [ -d web ]; then cd web; fi; rm x", "/repo/web"),
    "cd to two places is not": ("if a; then cd x; else cd y; fi; rm x", ""),
    "a branch that leaves is not asked": ("if a; then cd x; else cd y; exit; fi; rm x", "/repo/x"),
    "cd into a file fails": ("cd a.pid || rm x", "/repo"),
    "pushd and popd": ("pushd a >/dev/null; pushd b; popd; rm x", "/repo/a"),
    "env -C": ("env -C web rm x", "/repo/web"),
    "git's top level": ('cd "$(git rev-parse --show-toplevel)" && rm x', "/repo"),
    "a text inherits the place": ("cd web && bash -c 'rm x'", "/repo/web"),
    "a text's cd is forgotten": ("bash -c 'cd web'; rm x", "/repo"),
    "eval's cd stays": ("eval 'cd web'; rm x", "/repo/web"),
    "xargs inherits the place": ("cd web && ls | xargs rm", "/repo/web"),
    "CDPATH is not used": ("cd ./web && rm x", "/repo/web"),
    "the home is a variable": ("HOME=/h; cd; rm x", "/h"),
}


@pytest.mark.parametrize("sentence", PLACES)
def test_where_the_last_command_runs(sentence):
    line, place = PLACES[sentence]
    assert last(line, files={"/repo/a.pid": "4711\n"}).cwd == place


def test_windows_drives_and_backslashes_are_followed():
    here = facts(os="windows", cwd="C:\\w\\Mono", trees=["C:/w/Mono"])
    assert commands("cd 'C:\\W\\Other' && rm x", here)[0][-1].cwd == "c:/w/other"
    assert commands("cd /c/w/other && rm x", here)[0][-1].cwd == "c:/w/other"
    assert commands("cd web && rm x", here)[0][-1].cwd == "c:/w/mono/web"


# What of the last command's fields the line sets.
FED = {
    "a here-document": ("psql db <<E\nDROP TABLE x;\nE", "DROP TABLE x;\n"),
    "a here-document with variables": ("T=x; psql <<E\nDROP  $T ${T}y;\nE", "DROP  x xy;\n"),
    "a quoted one keeps them": ("T=x; psql <<'E'\nDROP $T;\nE", "DROP $T;\n"),
    "an indented one": ("psql <<-E\n\tDROP\n\tE", "DROP\n"),
    "a here-string": ("psql <<< 'DROP TABLE x'", "DROP TABLE x\n"),
    "echo": ("echo 'DROP TABLE x' | psql", "DROP TABLE x\n"),
    "echo -n": ("echo -n DROP | psql", "DROP"),
    "printf": ("printf '%s;\\n' a b | psql", "a;\nb;\n"),
    "cat of a here-document": ("cat <<E | psql\nDROP;\nE", "DROP;\n"),
    "cat through tee": ("echo x | tee log | psql", "x\n"),
    "two echos": ("(echo a; echo b) | psql", "a\nb\n"),
    "yes": ("yes | terraform destroy", "y\n"),
    "a file that is known": ("psql < a.sql", "DROP 1;\n"),
    "cat of a known file": ("cat a.sql | psql", "DROP 1;\n"),
    "nothing known": ("pg_dump a | psql b", None),
    "nothing at all": ("psql", None),
    "output that went to a file is not passed on": ("echo x > f | psql", ""),
    "xargs has eaten it": ("echo a | xargs psql -c", None),
}


@pytest.mark.parametrize("sentence", FED)
def test_what_the_last_command_is_fed(sentence):
    line, text = FED[sentence]
    assert last(line, files={"/repo/a.sql": "DROP 1;\n"}).stdin == text


WRITES = {
    "the whole file": ("ls > a", (">", "a")),
    "behind it": ("ls >> a", (">>", "a")),
    "by force": ("ls >| a", (">", "a")),
    "both outputs": ("ls &> a", (">", "a")),
    "both outputs behind it": ("ls &>> a", (">>", "a")),
    "errors": ("ls 2> err", (">", "err")),
    "a name in a variable": ("F=x; ls > $F.txt", (">", "x.txt")),
    "nothing but the file": ("> a", (">", "a")),
    "a group": ("{ ls; } > a", (">", "a")),
    "a loop": ("for i in 1; do ls; done > a", (">", "a")),
    "a wrapped command": ("sudo bash -c 'ls' > a", (">", "a")),
    "a here-document": ("cat > a <<E\nx\nE", (">", "a")),
    "to nowhere": ("ls > /dev/null 2>&1", None),
    "to another output": ("ls >&2", None),
    "closed": ("ls 2>&-", None),
}


@pytest.mark.parametrize("sentence", WRITES)
def test_what_a_redirection_writes(sentence):
    line, expected = WRITES[sentence]
    found = [redirect for command in run(line) for redirect in command.redirects if redirect.op != "<"]
    assert found == ([Redirect(*expected)] if expected else [])


def test_variables_reach_the_commands_they_are_set_for():
    assert last("A=1 psql").env == {"A": "1"}
    assert last("A=1; psql").env == {}, "not exported"
    assert last("export A=1; psql").env == {"A": "1"}
    assert last("A=1; export A; B=2 env C=3 psql").env == {"A": "1", "B": "2", "C": "3"}
    assert last("set -a; PGHOST=x; psql", env={"PGHOST": "y"}).env == {"PGHOST": "x"}, "it was exported before"
    assert last("A=1 ls; psql").env == {}
    assert last("env -u A psql").env == {"A": ""}
    assert last("A=$(secret-tool x) psql").env == {"A": UNKNOWN}


def test_a_virtual_environment_is_entered():
    assert last("source .venv/bin/activate && pip install x").env == {"VIRTUAL_ENV": "/repo/.venv"}
    assert last("source .env; psql", files={"/repo/.env": "export A=1\n"}).env == {"A": "1"}


def test_a_script_that_can_be_read_is_walked():
    files = {"/repo/reset.sh": '#!/bin/sh\ncd web\nrm -rf "$1"\n'}
    assert words("./reset.sh dist", files=files) == ["reset.sh dist", "rm -rf dist"]
    assert words("bash reset.sh dist", files=files) == ["bash reset.sh dist", "rm -rf dist"]
    assert last("sh -e ./reset.sh dist", files=files).cwd == "/repo/web"
    assert words("./absent.sh") == ["absent.sh"]


def test_a_loop_over_a_pattern_takes_the_files_that_are_there():
    files = {"/repo/a.py": "", "/repo/b.py": ""}
    assert words("for f in *.py; do rm $f; done", files=files) == ["rm /repo/a.py", "rm /repo/b.py"]
    found = last("for f in *.py; do rm $f; done")
    assert (found.argv, found.each) == (("rm", "*.py"), True)


def test_patterns_are_told_from_quoted_stars():
    assert last("rm *.o '*.c'").globs == {"*.o"}
    assert last("git add '*.c'").globs == frozenset()
    assert last("find a -name '*.o' -exec rm {} +").globs == {"a/**/*.o"}


def test_what_runs_for_each_of_an_unknown_set_says_so():
    assert last("git branch | xargs git branch -D").each
    assert last("git branch | while read b; do git branch -D $b; done").each
    assert last("for b in $(git branch); do git branch -D $b; done").each
    assert not last("for b in x y; do git branch -D $b; done").each
    assert not last("echo x | xargs git branch -D").each


def test_where_words_come_from_is_known():
    ports, cut = ("lsof", "-ti", ":3000"), ("awk", "{print $2}")
    assert last("kill $(lsof -ti :3000)").sources == (ports,)
    assert last("P=$(lsof -ti :3000 | awk '{print $2}'); kill -9 $P").sources == (ports, cut)
    assert last("lsof -ti :3000 | xargs kill").sources == (ports,)
    assert last("lsof -ti :3000 | xargs kill").upstream == ports
    assert last("for p in $(lsof -ti :3000); do kill $p; done").sources == (ports,)
    assert last("lsof -ti :3000 | while read p; do kill $p; done").sources == (ports,)
    assert last("kill $!").sources == ()


def test_what_ran_before_is_known():
    assert last("git revert HEAD && git push").before == (("git", "revert", "HEAD"),)


def test_where_a_command_really_runs():
    assert last("ssh me@build1 rm x").remote == "build1"
    assert last("ssh build1 'cd /srv; rm x'").cwd == "/srv"
    assert last("ssh build1 rm x").cwd == ""
    assert last("docker exec -w /app db rm x").remote == "container:db"
    assert last("docker exec -w /app db rm x").cwd == "/app"
    assert last("docker run --name web -e A=1 img rm x").env == {"A": "1"}
    assert last("kubectl exec pod1 -- rm x").remote == "pod:pod1"
    assert last("A=1; export A; ssh build1 rm x").env == {}


def test_what_goes_on_in_the_background():
    assert [command.background for command in run("npm run dev & npm test")] == [True, False]
    assert last("(cd web && npm run dev) &").background
    assert last("nohup npm run dev > log 2>&1 &").background
    assert last("tmux new -d 'npm run dev'").background
    assert not last("npm run dev && ls").background


def test_how_a_command_was_found_is_kept():
    assert last("sudo npx -y prisma migrate reset").through == ("sudo", "npx")
    assert last(".venv/bin/pip install x").program == ".venv/bin/pip"
    assert last("bash -c 'rm x'").through == ("bash",)
    assert last("find . -exec rm {} +").through == ("find",)


def test_programs_in_other_languages_are_handed_on():
    assert last("ruby -e 'puts 1'").code == "puts 1"
    assert last("python - <<E\nprint(1)\nE").code == "print(1)\n"
    assert last("node script.js").code is None
    assert last("python manage.py migrate").code is None


FOLLOWED = {
    "git status && ls -la | head": True,
    "echo $X": True,
    "rm 'x": False,
    "$X rm": False,
    'eval "$X"': False,
    "cd $X; ls": False,
    "source unknown.sh": False,
    "a |": False,
    "for i in; do": False,
    "x" * 70000: False,
    "git commit -m \"$(cat <<'E'\nx\nE\n)\"": True,
}


@pytest.mark.parametrize("line", FOLLOWED, ids=lambda line: line[:30])
def test_whether_everything_was_followed(line):
    assert commands(line, facts())[1] is FOLLOWED[line]


BOUNDED = {
    "depth of texts": "bash -c " * 3 + "'" + "eval eval " * 40 + "rm'",
    "a function that calls itself": "f() { f; f; }; f",
    "a fork bomb": ":(){ :|:& };:",
    "loops in loops": "for a in {1..50}; do for b in {1..50}; do for c in {1..50}; do rm $a; done; done; done",
    "loops that do nothing": "for a in {1..50}; do " * 5 + "x=$a" + "; done" * 5,
    "braces without end": "rm " + "{a,b}" * 30,
    "deep brackets": "(" * 3000 + "ls" + ")" * 3000,
    "deep substitutions": "$(" * 3000 + "ls" + ")" * 3000,
    "a long list": "ls && " * 3000 + "ls",
    "a long pipeline": "ls | " * 3000 + "ls",
    "many lines": "ls\n" * 9000,
    "many pipes": "|" * 60000,
    "open arrays": "a=(" * 20000,
    "eval that doubles itself": 'x=\'eval "$x"; eval "$x"\'; eval "$x"',
    "values that grow": "x=aaaaaaaaaa; " + "x=$x$x; " * 60 + "rm $x",
}


@pytest.mark.parametrize("sentence", BOUNDED)
@pytest.mark.timeout(20)
def test_nothing_is_without_bounds(sentence):
    found, _ = commands(BOUNDED[sentence], facts())
    assert len(found) <= 400


def test_a_line_that_takes_too_long_is_given_up():
    started = iter([0.0, 0.0])
    found, followed = commands("ls\n" + "|" * 20000, facts(), clock=lambda: next(started, 99.0))
    assert (found, followed) == ([], False)


def test_the_grammar_sees_ascii_only(monkeypatch):
    """Its scanner looks other characters up beyond the end of C's tables: now and then the process is gone."""
    seen = []
    genuine = grammar.parser

    def parser():
        def parse(read, **rest):
            seen.append(read(0, None))
            return genuine().parse(read, **rest)

        return SimpleNamespace(parse=parse)

    monkeypatch.setattr(grammar, "parser", parser)
    run("echo é\U0004b527 && psql <<E\n$X–\nE")
    assert len(seen) == 2
    assert all(data.isascii() for data in seen)


def test_letters_beyond_ascii_stay_what_they_are():
    assert words("X=ü; echo 'é' \"$X—y\" 日本 > ñ && rm ✓.txt") == ["echo é ü—y 日本", "rm ✓.txt"]
    assert last('X=b; psql <<E\né $X–z "\nE').stdin == 'é b–z "\n'


def test_a_list_of_words_is_not_expanded():
    found, followed = argv_commands(["rm", "$HOME", "*.o"], facts())
    assert ([command.argv for command in found], followed) == ([("rm", "$HOME", "*.o")], True)
    found, _ = argv_commands(["bash", "-lc", "rm $HOME"], facts())
    assert found[0].argv == ("rm", "/home/me")


POWERSHELL = {
    "a program as it is": ("git reset --hard", ["git reset --hard"]),
    "removal": ("Remove-Item -Path a,b -Recurse", ["rm -r a b"]),
    "an alias": ("ri -r -fo build; del x", ["rm -r -f build", "rm x"]),
    "a dry run": ("Remove-Item x -WhatIf", ["rm --dry-run x"]),
    "a move": ("Move-Item -Path a -Destination b", ["mv a b"]),
    "a copy": ("Copy-Item -Recurse a b", ["cp -r a b"]),
    "processes by name": ("Get-Process node | Stop-Process -Force", ["ps node", "taskkill /F /IM node.exe"]),
    "a process by number": ("Stop-Process -Id 42", ["kill 42"]),
    "quotes": ("Remove-Item 'it''s' \"a`\"b\"", ["rm it's a\"b"]),
    "a variable": ("Remove-Item $env:HOME\\x $y", ["rm /home/me\\x ?"]),
    "the call operator": ("& git push", ["git push"]),
    "a comment": ("git push # Remove-Item x", ["git push"]),
    "a program started": (
        "Start-Process node -ArgumentList 'server.js','--port','4000'",
        ["node server.js --port 4000"],
    ),
    "a program started with a line": ('saps -FilePath npm -ArgumentList "run dev" -NoNewWindow', ["npm run dev"]),
    "a block for each": (
        "Get-NetTCPConnection -LocalPort 4000 | ForEach-Object { Stop-Process -Id $_.OwningProcess -Force }",
        ["Get-NetTCPConnection -LocalPort 4000", "kill ?"],
    ),
    "an expression": ("Stop-Process -Id (Get-NetTCPConnection -LocalPort 4000).OwningProcess", ["kill ?"]),
}


@pytest.mark.parametrize("sentence", POWERSHELL)
def test_what_a_powershell_line_executes(sentence):
    line, expected = POWERSHELL[sentence]
    found, _ = powershell_commands(line, facts())
    assert [" ".join(command.argv).replace(UNKNOWN, "?") for command in found] == expected


def test_a_started_program_goes_on_where_it_is_told():
    (found,), _ = powershell_commands("Start-Process node -ArgumentList x.js -WorkingDirectory /srv/a", facts())
    assert (found.background, found.cwd) == (True, "/srv/a")
    (found,), _ = powershell_commands("Start-Process npm -ArgumentList ci -Wait", facts())
    assert not found.background


@pytest.mark.parametrize(
    "line",
    [
        "Get-NetTCPConnection -LocalPort 4000 | Select-Object -Expand OwningProcess | % { Stop-Process -Id $_ }",
        "Stop-Process -Id (Get-NetTCPConnection -LocalPort 4000).OwningProcess -Force",
        "Stop-Process -Id $(Get-NetTCPConnection -LocalPort 4000).OwningProcess",
        "$found = Get-NetTCPConnection -LocalPort 4000; Stop-Process -Id $found.OwningProcess",
    ],
)
def test_powershell_says_where_a_number_comes_from(line):
    found, _ = powershell_commands(line, facts())
    assert found[-1].argv == ("kill", UNKNOWN)
    assert ("Get-NetTCPConnection", "-LocalPort", "4000") in found[-1].sources


def test_powershell_writes_and_moves():
    found, _ = powershell_commands("Set-Content -Path a.txt -Value x; Add-Content b.txt y; ls > c.txt", facts())
    assert [redirect for command in found for redirect in command.redirects] == [
        Redirect(">", "a.txt"),
        Redirect(">>", "b.txt"),
        Redirect(">", "c.txt"),
    ]
    found, _ = powershell_commands("cd web; git status", facts())
    assert found[-1].cwd == "/repo/web"


# The short spelling that may be kept and shown.
SUMMARIES = {
    "git reset --hard origin/main": "git reset --hard origin/main",
    "git commit -m 'the plan' a.py": "git commit -m … a.py",
    "git commit --message='the plan'": "git commit --message=…",
    "mysql -psecret -u root -e 'DROP TABLE a'": "mysql -p*** -u root -e DROP TABLE a",
    "psql postgres://me:geheim@db/x -c 'delete from a where b=1'": "psql postgres://me:***@db/x -c delete from a",
    "curl -H 'Authorization: Bearer abcdef1234567890' https://x.test": "curl -H … https://x.test",
    "gh issue close 5 --comment 'because of x'": "gh issue close 5 --comment …",
    "gh secret set API_KEY --body hunter2": "gh secret set API_KEY --body ***",
    "vault kv put secret/db password=hunter2": "vault kv put secret/db password=***",
    "python -c 'print(1)'": "python -c …",
    "docker run -e TOKEN=abc123def img": "docker run -e TOKEN=*** img",
    "sqlite3 a.db 'DROP TABLE b; SELECT 1'": "sqlite3 a.db DROP TABLE b",
    "deploy --token abc123 --password=xyz9": "deploy --token *** --password=***",
}


@pytest.mark.parametrize("line", SUMMARIES)
def test_a_summary_holds_no_secret_and_no_prose(line):
    assert summary(last(line).argv) == SUMMARIES[line]


def test_a_summary_is_one_short_line():
    text = summary(("rm", "a\nb\x1b[31m", "x" * 5000))
    assert len(text) <= 80
    assert text.isprintable()


def test_a_plain_line_needs_no_grammar():
    code = (
        "import sys\nfrom tests.fakes import FakeFacts\nfrom sidelight.effects.shell import commands\n"
        "commands('sudo git -C x commit -m \"a b\"', FakeFacts())\nassert 'tree_sitter._binding' not in sys.modules\n"
        "commands('a && b', FakeFacts())\nassert 'tree_sitter._binding' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
