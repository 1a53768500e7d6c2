"""What commands do to files, case by case from their manuals."""

import pytest

from sidelight.effects import UNKNOWN, Command, Effects, Redirect, files, formatters, touching
from sidelight.stores import projections
from tests.effects.reading import check, command, done, known, said
from tests.fakes import FakeFacts


def path(name):
    return f"path:m1:/repo/{name}"


def deletes(*names):
    return ["only", *(f"delete destroys {path(name)}" for name in names)]


def writes(*names):
    return ["only", *(f"write replaces {path(name)}" for name in names)]


def edits(*names):
    return ["only", *(f"edit edits {path(name)}" for name in names)]


def over(*names):
    return ["only", *(f"copy-over replaces {path(name)}" for name in names)]


def rewrites(*names):
    return ["only", *(f"rewrite edits {path(name)}" for name in names)]


ROOT = ["only", "rewrite edits path:m1:/repo"]

CASES = {
    # delete
    "rm": ("rm -f a.py b.py", deletes("a.py", "b.py")),
    "rm of a directory": ("rm -rf build", deletes("build")),
    "rm behind dashes": ("rm -- -odd", deletes("-odd")),
    "rm of all in a directory": ("rm -rf out/*", deletes("out")),
    "rm of a known pattern": ("rm src/*.orig", deletes("src/a.orig", "src/b.orig")),
    "rm of an unknown pattern": ("rm src/*.rej", deletes("src/*.rej")),
    "rm of what lies above": ("rm ../notes.txt", ["only", "delete destroys path:m1:/notes.txt"]),
    "rm of a link takes the link": ("rm shared", deletes("shared")),
    "rm below a link takes what is there": ("rm shared/a.txt", ["only", "delete destroys path:m1:/data/shared/a.txt"]),
    "rm of the dependency tree": (
        "rm -rf node_modules",
        [f"delete destroys {path('node_modules')}", "delete destroys deps:m1:/repo/node_modules"],
    ),
    "rm of a working tree": (
        "rm -rf /trees/linked",
        ["only", "tree-remove destroys tree:m1:/trees/linked", "tree-remove destroys path:m1:/trees/linked"],
    ),
    "rm of the directory of working trees": ("rm -rf /trees", ["tree-remove destroys tree:m1:/trees/linked"]),
    "rm of the git directory": (
        "rm -rf .git",
        ["delete destroys gitdir:m1:/repo/.git", "delete destroys stash:m1:/repo/.git"],
    ),
    "rm of a lock of git": ("rm -f .git/index.lock", ["only", "git-config replaces gitdir:m1:/repo/.git"]),
    "rm of a device holds nothing": ("rm /dev/null", "nothing"),
    "unlink": ("unlink a.py", deletes("a.py")),
    "shred": ("shred -u -n 3 secrets.txt", deletes("secrets.txt")),
    "rmdir takes only what is empty": ("rmdir build", "nothing"),
    "rd of cmd takes all": ("rd /s /q build", deletes("build")),
    "trash": ("trash-put old.md", deletes("old.md")),
    "gio trash": ("gio trash old.md", deletes("old.md")),
    "find -delete by name": ("find . -name *.pyc -delete", deletes("**/*.pyc")),
    "find -delete of all": ("find out -type f -delete", deletes("out")),
    "find that only looks": ("find . -name x -print", "read"),
    "Remove-Item": ("Remove-Item -Recurse -Force build,dist", deletes("build", "dist")),
    "Remove-Item that only looks": ("Remove-Item build -Recurse -WhatIf", "read"),
    "del of cmd": ("del /q /f a.txt", deletes("a.txt")),
    # move and copy
    "mv": ("mv a.py b.py", ["only", f"delete destroys {path('a.py')}", f"write replaces {path('b.py')}"]),
    "mv into a directory": (
        "mv a.py docs/",
        ["only", f"delete destroys {path('a.py')}", f"write replaces {path('docs/a.py')}"],
    ),
    "mv into a known directory": ("mv a.py src", [f"write replaces {path('src/a.py')}"]),
    "mv with its target first": (
        "mv -t docs a.py b.py",
        [f"write replaces {path('docs/a.py')}", f"delete destroys {path('b.py')}"],
    ),
    "cp": ("cp .env.example .env", writes(".env")),
    "cp into a directory": ("cp a.py b.py docs/", writes("docs/a.py", "docs/b.py")),
    "cp of a directory onto another name": ("cp -r src backup", over("backup")),
    "cp of a directory into another": ("cp -a /other/lib src", over("src/lib")),
    "cp of all in a directory": ("cp -r /other/lib/. src", over("src")),
    "cp that spares what is there": ("cp -n a.py b.py", ["only", f"write adds {path('b.py')}"]),
    "install": ("install -m 755 tool bin/tool", writes("bin/tool")),
    "install -d makes directories": ("install -d bin", "nothing"),
    "ln by force takes the place": ("ln -sfn /other/lib lib", ["only", f"write replaces {path('lib')}"]),
    "ln without force only adds": ("ln -s /other/lib lib", ["only", f"write adds {path('lib')}"]),
    "rsync of a directory's content": ("rsync -a dist/ public", over("public")),
    "rsync of a directory": ("rsync -a dist public/", over("public/dist")),
    "rsync that deletes": ("rsync -a --delete dist/ public/", ["only", f"copy-over destroys {path('public')}"]),
    "rsync that only looks": ("rsync -avn --delete dist/ public/", "read"),
    "rsync to another machine": (
        "rsync -az dist/ deploy@web1:/srv/app/",
        ["only", "copy-over replaces path:web1:/srv/app"],
    ),
    "rsync with an option's value": ("rsync -a -e ssh --exclude .git src/ out/", over("out")),
    "scp to another machine": ("scp a.conf root@web1:/etc/a.conf", ["only", "write replaces path:web1:/etc/a.conf"]),
    "scp from another machine": ("scp web1:/etc/a.conf .env", writes(".env")),
    "Move-Item": (
        "Move-Item -Path a.py -Destination b.py",
        [f"delete destroys {path('a.py')}", f"write replaces {path('b.py')}"],
    ),
    "Rename-Item": ("Rename-Item src/a.py b.py", [f"write replaces {path('src/b.py')}"]),
    "Copy-Item of a directory": ("Copy-Item src backup -Recurse", over("backup")),
    "robocopy mirrors": ("robocopy src out /MIR", ["only", f"copy-over destroys {path('out')}"]),
    "robocopy that only lists": ("robocopy src out /MIR /L", "read"),
    "xcopy": ("xcopy src out /E /I /Y", over("out")),
    # write and edit
    "tee": ("tee a.log b.log", writes("a.log", "b.log")),
    "tee that adds": ("tee -a a.log", edits("a.log")),
    "tee to nowhere": ("tee /dev/null", "nothing"),
    "dd": ("dd if=/dev/zero of=disk.img bs=1M", writes("disk.img")),
    "dd to the screen": ("dd if=a", "read"),
    "truncate": ("truncate -s 0 app.log", writes("app.log")),
    "sed -i": ("sed -i s/a/b/ a.py b.py", edits("a.py", "b.py")),
    "sed -i with several scripts": ("sed -i.bak -e s/a/b/ -e s/c/d/ a.py", edits("a.py")),
    "sed -i of BSD": ("sed -i '' s/a/b/ a.py", edits("a.py")),
    "sed without -i": ("sed -n 1,5p a.py", "read"),
    "perl -pi": ("perl -pi -e s/a/b/ a.py", edits("a.py")),
    "perl -0pi in one bundle": ("perl -0pi -e s/a/b/ a.py", edits("a.py")),
    "perl with its separators": ("perl -0777 -lpi.orig -e s/a/b/ a.py", edits("a.py")),
    "perl that keeps a copy": ("perl -i.bak -pe s/a/b/ a.py", edits("a.py")),
    "perl that prints": ("perl -ne print a.py", "read"),
    "perl that substitutes and prints": ("perl -pe s/a/b/ a.py", "read"),
    "perl that filters and runs": ("perl -ne 'system($_)' a.py", "not understood"),
    "perl that filters and opens": ("perl -ne 'open(F, \">x\"); print F' a.py", "not understood"),
    "perl that runs what it reads": ("perl -pe 's/(.*)/$1/ee' a.py", "not understood"),
    "perl on what is a command": ("perl -ne print 'rm x|'", "not understood"),
    "perl with a module": ("perl -MFile::Copy -ne 'copy($_, \"x\")' a.py", "not understood"),
    "perl that turns editing on itself": ("perl -pe 'BEGIN{$^I=\"\"} s/a/b/' a.py", "not understood"),
    "perl on a program file": ("perl tool.pl a.py", "not understood"),
    "ruby -pi": ("ruby -pi -e gsub(/a/,1.to_s) a.py", edits("a.py")),
    "sed -Ei": ("sed -Ei s/a/b/ a.py", edits("a.py")),
    "sed -n -i": ("sed -n -i p a.py", edits("a.py")),
    "gawk -i inplace": ("gawk -i inplace {print} a.py", edits("a.py")),
    "sed -i on a pattern nobody knows": ("sed -i s/a/b/ lib/*.rb", rewrites("lib")),
    "sed -i on a known pattern": ("sed -i s/a/b/ src/*.orig", edits("src/a.orig", "src/b.orig")),
    "awk in place": ("awk -i inplace '{print}' a.txt", edits("a.txt")),
    "awk that prints": ("awk '{print $1}' a.txt", "read"),
    "awk that runs things": ("awk '{system($1)}' a.txt", "not understood"),
    "yq in place": ("yq -i .a=1 a.yaml", edits("a.yaml")),
    "yq that prints": ("yq .a a.yaml", "read"),
    "sd": ("sd old new a.py", edits("a.py")),
    "patch by its own names": (
        "patch -p1 -i fix.patch",
        [
            "only",
            f"edit edits {path('src/a.py')}",
            f"write replaces {path('new.py')}",
            f"delete destroys {path('old.py')}",
        ],
    ),
    "patch of one file": ("patch a.py fix.patch", edits("a.py")),
    "patch that only looks": ("patch --dry-run -p1 -i fix.patch", "read"),
    "sort into a file": ("sort -o names.txt names.txt", writes("names.txt")),
    "curl into a file": ("curl -sSL https://x.y/z -o tool.sh", writes("tool.sh")),
    "curl under the remote name": ("curl -LO https://x.y/tool.tar.gz", writes("tool.tar.gz")),
    "curl to the screen": ("curl -s https://x.y/z", "read"),
    "curl that sends": ("curl -X POST https://x.y/z -o a", "not understood"),
    "wget": ("wget https://x.y/a.bin", writes("a.bin")),
    "Set-Content": ("Set-Content -Path a.txt -Value hello", writes("a.txt")),
    "Add-Content": ("Add-Content a.txt hello", edits("a.txt")),
    "Out-File that adds": ("Out-File -Append -FilePath a.txt", edits("a.txt")),
    # archives
    "tar x into a directory": ("tar xzf a.tgz -C out", over("out")),
    "tar x here": ("tar -xf a.tar", ["only", "copy-over replaces path:m1:/repo"]),
    "tar x of one member": ("tar -xf a.tar src/a.py", over("src/a.py")),
    "tar t": ("tar tzf a.tgz", "read"),
    "tar c": ("tar -czf out.tgz src", writes("out.tgz")),
    "unzip": ("unzip -o a.zip -d out", over("out")),
    "unzip -l": ("unzip -l a.zip", "read"),
    "7z x": ("7z x a.7z -oout -y", over("out")),
    "zip": ("zip -r a.zip src", edits("a.zip")),
    "gzip": ("gzip a.log", ["only", f"delete destroys {path('a.log')}", f"write replaces {path('a.log.gz')}"]),
    "gzip that keeps": ("gzip -k a.log", writes("a.log.gz")),
    "gunzip": ("gunzip a.log.gz", [f"write replaces {path('a.log')}"]),
    # formatters and codemods
    "ruff format": ("ruff format", ROOT),
    "ruff format of a directory": ("ruff format src tests", rewrites("src", "tests")),
    "ruff format that checks": ("ruff format --check .", "read"),
    "ruff check": ("ruff check .", "read"),
    "ruff check --fix": ("ruff check --fix src", rewrites("src")),
    "ruff check of a diff": ("ruff check --fix --diff", "read"),
    "black of a file": ("black src/a.py", edits("src/a.py")),
    "black that checks": ("black --check .", "read"),
    "isort": ("isort .", ROOT),
    "prettier --write": ("prettier --write src", rewrites("src")),
    "prettier with a pattern of its own": ("prettier --write 'web/**/*.ts'", rewrites("web")),
    "prettier --check": ("prettier --check .", "read"),
    "prettier to the screen": ("prettier a.ts", "read"),
    "eslint": ("eslint . --ext .ts", "read"),
    "eslint --fix": ("eslint --fix src", rewrites("src")),
    "biome --write": ("biome check --write src", rewrites("src")),
    "biome check": ("biome check src", "read"),
    "gofmt -w": ("gofmt -w main.go", edits("main.go")),
    "gofmt -l": ("gofmt -l .", "read"),
    "go fmt": ("go fmt ./...", ROOT),
    "go build is not for here": ("go build ./...", "not understood"),
    "cargo fmt": ("cargo fmt", ROOT),
    "cargo fmt that checks": ("cargo fmt -- --check", "read"),
    "cargo clippy --fix": ("cargo clippy --fix --allow-dirty", ROOT),
    "cargo test is not for here": ("cargo test", "not understood"),
    "rustfmt": ("rustfmt src/main.rs", edits("src/main.rs")),
    "clang-format -i": ("clang-format -i a.c", edits("a.c")),
    "clang-format to the screen": ("clang-format a.c", "read"),
    "terraform fmt": ("terraform fmt -recursive", ROOT),
    "terraform fmt that checks": ("terraform fmt -check", "read"),
    "rubocop": ("rubocop", "read"),
    "rubocop -a": ("rubocop -a app", rewrites("app")),
    "php-cs-fixer that only looks": ("php-cs-fixer fix --dry-run src", "read"),
    "dart format": ("dart format lib", rewrites("lib")),
    "shfmt -w": ("shfmt -w run.sh", edits("run.sh")),
    "jscodeshift": ("jscodeshift -t codemod.js src", rewrites("src")),
    "jscodeshift that only looks": ("jscodeshift -d -t codemod.js src", "read"),
    "pre-commit on all files": ("pre-commit run --all-files", ROOT),
    # what nothing collides with
    "mkdir": ("mkdir -p a/b", "nothing"),
    "touch": ("touch a", "nothing"),
    "chmod": ("chmod -R 755 .", "nothing"),
    "Get-Content": ("Get-Content a", "read"),
}
FACTS = FakeFacts(
    trees=["/repo", "/trees/linked"],
    links={"/repo/shared": "/data/shared"},
    directories=["/repo/src", "/repo/docs", "/other/lib", "/data/shared"],
    files={
        "/repo/src/a.orig": "",
        "/repo/src/b.orig": "",
        "/repo/fix.patch": "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n"
        "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+b\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n",
    },
)


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES.keys())
def test_files(line, expected):
    check(done(files, line, FACTS), expected)


# ── tools of hosts ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_edit_a_write_and_a_deletion_differ():
    kinds = [
        make("src/a.py", FACTS)[0] for make in (touching.edited, touching.written, touching.deleted, touching.used)
    ]
    assert [(draft.kind, draft.touches[0].effect) for draft in kinds] == [
        ("edit", "edits"),
        ("write", "replaces"),
        ("delete", "destroys"),
        ("file-use", "uses"),
    ]
    assert all(draft.target == "src/a.py" and draft.touches[0].within == "tree:m1:/repo" for draft in kinds)


def test_a_file_belongs_to_the_innermost_tree():
    facts = FakeFacts(trees=["/repo", "/repo/wt"])
    assert touching.edited("wt/a.py", facts)[0].touches[0].within == "tree:m1:/repo/wt"
    assert touching.edited("/tmp/a.py", facts)[0].touches[0].within is None


def test_a_write_through_a_link_is_a_write_of_what_it_leads_to():
    facts = FakeFacts(links={"/repo/CLAUDE.md": "/repo/AGENTS.md"})
    assert touching.written("CLAUDE.md", facts)[0].touches[0].key == path("AGENTS.md")
    assert touching.deleted("CLAUDE.md", facts)[0].touches[0].key == path("CLAUDE.md")


@pytest.mark.parametrize("name", ["hooks/pre-commit", "config", "HEAD", "info/exclude"])
def test_an_edit_below_dot_git_changes_what_all_its_trees_share(name):
    facts = FakeFacts(trees={"/repo": {}, "/repo/wt": {}})
    (draft,) = touching.edited(f".git/{name}", facts)
    assert (draft.kind, draft.touches[0].key) == ("git-config", "gitdir:m1:/repo/.git")


def test_the_message_of_a_commit_is_just_a_file():
    assert touching.written(".git/COMMIT_EDITMSG", FACTS)[0].kind == "write"


def test_windows_paths_are_one_file_in_any_case():
    facts = FakeFacts(r"C:\w\Mono", os="windows", trees=[r"C:\w\Mono"])
    keys = {touching.edited(name, facts)[0].touches[0].key for name in (r"src\A.ts", "SRC/a.ts", r"C:\W\mono\src\a.ts")}
    assert keys == {"path:m1:c:/w/mono/src/a.ts"}
    check(done(files, r"del /q src\\a.ts", facts), ["only", "delete destroys path:m1:c:/w/mono/src/a.ts"])


# ── migrations ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "key"),
    {
        "a number": ("migrations/0026_add_users.sql", "migration:acme/app#0026"),
        "drizzle's": ("drizzle/0007_brave_hulk.sql", "migration:acme/app#0007"),
        "golang-migrate's": ("db/migrations/000012_x.up.sql", "migration:acme/app#000012"),
        "flyway's": ("src/main/resources/db/migration/V12__x.sql", "migration:acme/app#12"),
        "a directory of its own": ("prisma/migrations/0003_init/migration.sql", "migration:acme/app#0003"),
        "django counts per application": ("shop/migrations/0004_price.py", "migration:acme/app/shop/migrations#0004"),
        "alembic with numbers": ("alembic/versions/0042_x.py", "migration:acme/app#0042"),
        "a timestamp is no sequence": ("db/migrate/20240102030405_x.rb", None),
        "a long timestamp directory": ("prisma/migrations/20240102030405_init/migration.sql", None),
        "no migration": ("src/0026_notes.sql", None),
        "a fixture": ("migrations/README.md", None),
    }.values(),
)
def test_a_new_migration_takes_its_number(name, key):
    drafts = touching.written(name, FakeFacts())
    assert drafts[0].kind == "write"
    assert [touch.key for draft in drafts[1:] for touch in draft.touches] == ([key] if key else [])


def test_a_migration_that_is_there_takes_no_number():
    facts = FakeFacts(files={"/repo/migrations/0026_a.sql": "--"})
    assert len(touching.written("migrations/0026_a.sql", facts)) == 1
    assert len(touching.edited("migrations/0027_a.sql", facts)) == 1


def test_two_trees_share_one_sequence_of_migrations():
    facts = FakeFacts(trees=["/repo", "/wt"])
    keys = {
        touching.written(f"{root}/migrations/0026_{root[1]}.sql", facts)[1].touches[0].key for root in ("/repo", "/wt")
    }
    assert len(keys) == 1


# ── data that comes from elsewhere ────────────────────────────────────────────────────────────────────────────────


def fed(line, *sources, **more):
    return done(files, line, FACTS, each=True, sources=tuple(tuple(source.split()) for source in sources), **more)


def test_what_find_hands_over_is_known_by_its_name_test():
    effects = fed(f"rm -f {UNKNOWN}", "find src -name *.orig")
    assert said(effects) == [f"delete destroys {path('src/**/*.orig')}"]
    assert effects.unknown


def test_what_grep_hands_over_to_be_edited_lies_below_where_it_looked():
    assert said(fed(f"sed -i s/a/b/ {UNKNOWN}", "grep -rl old src")) == [f"rewrite edits {path('src')}"]


def test_what_grep_hands_over_to_be_deleted_is_not_guessed():
    effects = fed(f"rm {UNKNOWN}", "grep -rl old src")
    assert [draft.kind for draft in effects.drafts] == ["command"]
    assert effects.unknown


def test_what_find_runs_a_command_on_is_a_pattern():
    effects = files.read(
        Command(("rm", "src/**/*.orig"), "/repo", each=True, globs=frozenset({"src/**/*.orig"})), FACTS
    )
    check(effects, deletes("src/a.orig", "src/b.orig"))


def test_a_path_that_is_not_known_is_unknown_and_no_read():
    for line in (f"rm -rf {UNKNOWN}", f"rm -rf {UNKNOWN}/build", f"mv a.py {UNKNOWN}", f"cp -r src {UNKNOWN}"):
        effects = known(done(files, line, FACTS))
        assert effects.unknown, line
        assert not effects.reads


def test_the_known_part_of_a_command_counts():
    effects = known(done(files, f"rm -rf build {UNKNOWN}", FACTS))
    assert effects.unknown
    check(effects, deletes("build"))


def test_without_a_known_directory_a_relative_path_is_not_known():
    effects = known(done(files, "rm -rf build", FakeFacts("")))
    assert [draft.touches for draft in effects.drafts] == [()]


# ── redirections ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("op", "target", "expected"),
    {
        "a write": (">", "out.txt", writes("out.txt")),
        "an addition": (">>", "out.txt", edits("out.txt")),
        "nowhere": (">", "/dev/null", "nothing"),
        "the screen": (">", "/dev/stderr", "nothing"),
        "another descriptor": (">", "&1", "nothing"),
        "its input": ("<", "in.txt", "nothing"),
        "not known": (">", UNKNOWN, "nothing"),
    }.values(),
)
def test_a_redirection(op, target, expected):
    found = touching.redirect_drafts(Command(("echo",), "/repo", redirects=(Redirect(op, target),)), FACTS)
    check(Effects(found), expected)


# ── robustness ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_words_ever_raise():
    for program in sorted(files.PROGRAMS):
        for rest in ([], ["--"], ["-"], [UNKNOWN], ["-i"], ["-t"], ["*"], ["a:b"], ["x", "y", "z"], ["", ""]):
            files.read(command("x", FACTS)._replace(argv=(program, *rest)), FACTS)


def test_every_formatter_has_a_row_that_only_looks():
    always = {"pyupgrade", "add-trailing-comma", "phpcbf", "dprint", "sqlfluff"}
    for name, rows in formatters.FORMATTERS.items():
        assert name in always or any(row.on or row.off for row in rows), name


@pytest.mark.parametrize("line", ["black .", "prettier --write 'src/**/*.ts'", "sed -i s/a/b/ lib/*.rb", "cargo fmt"])
def test_a_rewrite_of_many_files_says_so(line):
    """Whoever edits one of the files later is to find it."""
    (draft,) = known(done(files, line)).drafts
    assert (draft.kind, draft.touches[0].value) == ("rewrite", projections.BULK)


def test_a_link_to_a_dependency_tree_is_removed_and_not_the_tree():
    facts = FakeFacts("/wt", trees=["/wt"], links={"/wt/node_modules": "/repo/node_modules"})
    assert not [line for line in said(done(files, "rm node_modules", facts)) if "/repo" in line]
