"""Which module understands which program, and what the commands of a line do together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sidelight.actions import Draft
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.facts import Facts
from sidelight.records import Protocol, cast

#: The modules in the order they are asked, with the programs each of them reads. A program may stand in several rows:
#: the first that understands the command answers. A module is imported when one of its programs comes up.
SUBJECTS: dict[str, str] = {
    "patches": "apply_patch applypatch",
    "http": "curl curlie http https wget xh xhs",
    "git": ("bfg git git-absorb git-crypt git-filter-repo git-gui git-lfs gitk hg husky lefthook pre-commit svn tig"),
    "forge": (
        "amp bao bd beads br claude codex copilot curl cursor-agent doppler droid gemini gh glab hub jira"
        " linear op opencode qwen sops vault"
    ),
    "databases": (
        "aerich alembic artisan atlas bq cargo cargo-sqlx clickhouse clickhouse-client clusterdb cockroach"
        " console cqlsh createdb createuser db-migrate dbmate diesel django-admin dotnet dotnet-ef drizzle-kit"
        " dropdb dropuser duckdb flask flyway golang-migrate goose hasura influx knex liquibase litecli"
        " manage.py mariadb mariadb-admin mariadb-dump migrate mikro-orm mix mongo mongodump mongoexport"
        " mongoimport mongorestore mongosh mongostat mongotop mycli mydumper myloader mysql mysqladmin"
        " mysqlcheck mysqldump mysqlimport mysqlpump mysqlshow node-pg-migrate payload pg_basebackup pg_ctl"
        " pg_ctlcluster pg_dump pg_dumpall pg_isready pg_restore pgbench pgcli phinx php prisma prisma2 psql"
        " py pypy3 python python3 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15 python3.8"
        " python3.9 rails rake redis-cli reindexdb sequelize sequelize-cli snowsql sqitch sqlcmd sqlite"
        " sqlite3 sqlx supabase tern typeorm typeorm-ts-node-commonjs typeorm-ts-node-esm usql vacuumdb"
        " valkey-cli wp yoyo"
    ),
    "infrastructure": (
        "ansible ansible-playbook argocd aws az bash cap cdk cdktf dash deploy deploy.py deploy.rb deploy.sh"
        " doctl eb eksctl firebase flux fly flyctl gcloud gmake gsutil helm helmfile heroku just k k3d k9s"
        " kamal kind kubecolor kubectl kubectx kubens kustomize make minikube mrsk netlify now ntl oc opentofu"
        " pulumi railway render sam serverless sh skaffold sls task terraform terragrunt tofu vercel wrangler"
        " zsh"
    ),
    "images": "buildah crane docker nerdctl oras podman skopeo",
    "packages": (
        "apk apt apt-cache apt-get aptitude asdf ava babel brew brew.sh bun bundle bundler c8 cargo changeset"
        " choco composer conda corepack cypress dart deno dnf dotnet dpkg esbuild flit flutter fnm gem go"
        " goreleaser gradle gradlew hatch jest jsr karma lerna mamba microdnf micromamba mise mix mocha mvn"
        " mvnw mypy n ncu nox np npm npm-check-updates nvm nx nyc ovsx pacman pdm phpunit pip pip3 pip3.11"
        " pip3.12 pip3.13 pipenv pipx playwright pnpm pnpx pod poetry py pyenv pypy3 pyright pytest python"
        " python-semantic-release python3 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15"
        " python3.8 python3.9 rbenv release-it release-please rollup rpm rspec rtx rustup rye scoop"
        " semantic-release snap standard-version swc swift tox ts-node tsc tsup tsx turbo twine uv uv-pip"
        " vitest volta vsce webpack winget yarn yarnpkg yum zypper"
    ),
    "processes": (
        "Get-Process Get-Service Restart-Computer Restart-Service Start-Service Stop-Computer Stop-Process"
        " Stop-Service air airflow artisan astro bacon bin/dev bootRun bun bundle caddy cargo celery chainlit"
        " cloudflared code-server concurrently convex craco dagster daphne deno django-admin docker"
        " docker-compose docusaurus dotnet drizzle-kit eleventy entr esbuild expo fastapi firebase fkill flask"
        " foreman forever fuser gatsby get-nettcpconnection get-process get-service go gow gps gradio gradle"
        " gradlew granian gunicorn halt hivemind honcho http-server http.server hugo hypercorn iex java jekyll"
        " jest json-server jupyter jupyter-lab jupyter-notebook kill kill-port kill-port-process killall"
        " killall5 killport launchctl litestar live-server localstack locust mailhog mailpit manage.py"
        " mcp-inspector mdbook medusa metro middleman minio mix mkdocs mlflow modd mongod mvn mvnw mysqld"
        " nerdctl nest net net1 netlify next ng nginx ngrok node nodemon nuxi nuxt nx ollama overmind parcel"
        " pgrep php pidof pipenv pkill pm2 podman podman-compose poetry postgres poweroff prisma ptw puma py"
        " python python3 quarkus:dev rackup rails rake rc-service react-native react-router react-router-serve"
        " react-scripts reboot redis-server reflex remix remix-serve restart-computer restart-service rollup"
        " rq rspack ruby sanic sass sc screen serve serverless service shotgun shutdown sidekiq skaffold skill"
        " sphinx-autobuild spps spring spring-boot:run sst start-service start-storybook stop-computer"
        " stop-process stop-service storybook strapi streamlit supervisorctl symfony systemctl tailwindcss"
        " taskkill tasklist temporal tensorboard tilt tmux trunk ts-node-dev tsc tsx turbo uv uvicorn"
        " valkey-server vercel vinext vite vitepress vitest vue-cli-service waitress-serve watchexec watchmedo"
        " webpack webpack-dev-server wgo wrangler zellij zola"
    ),
    "files": (
        "2to3 7z 7za 7zz Add-Content Clear-Content Copy-Item Format-List Format-Table Get-ChildItem"
        " Get-Content Get-Item Get-Location Measure-Object Move-Item New-Item Out-File Remove-Item Rename-Item"
        " Resolve-Path Select-Object Select-String Set-Content Sort-Object Tee-Object Test-Path Where-Object"
        " Write-Host Write-Output ac add-content add-trailing-comma alejandra ast-grep autoflake autopep8 awk"
        " biome black bsdtar buf bunzip2 bzcat bzip2 cargo chattr chgrp chmod chown clang-format clang-tidy"
        " clc clear clear-content cls codemod colordiff comby copy copy-item cp cpi csharpier curl dart dd del"
        " deno dir ditto djlint docformatter dos2unix dotnet dprint ed erase erblint eslint ex fc find findstr"
        " format-list format-table fourmolu gawk gc gci gcp gdd get-childitem get-content get-item"
        " get-location gfind gi gio gl gln gmv go gofmt gofumpt goimports golangci-lint google-java-format grm"
        " grmdir gsed gtar gtruncate gunzip gzip help iconv info install isort jscodeshift ktlint ll ln loc"
        " lsd lz4 lzma markdownlint markdownlint-cli2 mawk md measure-object mi mix mkdir mkfifo mktemp move"
        " move-item mv nawk ncdu new-item ni nixfmt open ormolu out-file oxlint packer pandoc patch pbcopy"
        " perl php-cs-fixer phpcbf pigz pint pre-commit prettier prettierd pyupgrade rd rector recycle"
        " remove-item ren rename-item resolve-path ri rm rmdir rmtrash rni robocopy rpl rsync rubocop ruby"
        " ruff rustfmt say sc scalafmt scp sd sed select-object select-string set-content setfacl sg shfmt"
        " shred sls sort sort-object sponge sqlfluff srm standard standardrb stylelint stylua swiftformat"
        " swiftlint sync taplo tar tee tee-object terraform terragrunt test-path tofu touch tput trash"
        " trash-put truncate tslint umask unix2dos unlink unxz unzip unzstd wget where where-object write-host"
        " write-output xattr xcopy xdg-open xo xz xzcat yapf yq zig zip zstd"
    ),
}


class Subject(Protocol):
    """What a module of this folder offers."""

    PROGRAMS: frozenset[str]

    def read(self, command: Command, facts: Facts) -> Effects | None:
        """What a command does, None if the module does not understand it."""


_by_program: dict[str, tuple[str, ...]] = {}


def modules_for(program: str) -> tuple[str, ...]:
    """The modules to ask about a program: `python3.12` is `python`, `pip3` is `pip`."""
    if not _by_program:
        for module, programs in SUBJECTS.items():
            for name in programs.split():
                _by_program[name] = (*_by_program.get(name, ()), module)
    return _by_program.get(program) or _by_program.get(program.lower()) or _by_program.get(plain(program), ())


def plain(program: str) -> str:
    """A program's name without a version.

    >>> plain("python3.12"), plain("pip3"), plain("s3cmd")
    ('python', 'pip', 's3cmd')
    """
    return re.sub(r"(?<=[a-z])-?\d[\d.]*$", "", program)


def together(found: Iterable[Command], facts: Facts, *, followed: bool, background: bool = False) -> Effects:
    """What the commands of one line do. `background`: the call goes on running, that is its last command."""
    commands = list(found)
    if background and commands:
        commands[-1] = commands[-1]._replace(background=True)
    drafts: list[Draft] = []
    reads, unknown = followed, not followed
    for command in commands:
        one = one_command(command, facts)
        drafts.extend(one.drafts)
        reads = reads and one.reads
        unknown = unknown or one.unknown
    return Effects(tuple(drafts), reads=reads and not drafts, unknown=unknown)


def one_command(command: Command, facts: Facts) -> Effects:
    """What one command does, its redirections included."""
    from sidelight.effects.standpoint import standing

    place = standing(command, facts)
    done = _judged(command, place)
    paths = [redirect.path for redirect in command.redirects if redirect.op != "<"]
    if not paths:
        return done
    from sidelight.effects import touching

    lost = any(UNKNOWN in path for path in paths)
    return Effects(done.drafts + touching.redirect_drafts(command, place), unknown=done.unknown or lost)


def _judged(command: Command, facts: Facts) -> Effects:
    from sidelight.effects import reads

    program = command.argv[0]
    if UNKNOWN in program:
        return _unknown(command)
    if reads.is_help(command.argv):
        return Effects(reads=True)
    for name in modules_for(program):
        done = _asked(name, command, facts)
        if done is not None:
            return done
    if reads.is_read(command):
        return Effects(reads=True)
    if command.background:
        from sidelight.effects import servers

        return servers.in_background(command, facts)
    return _unknown(command)


def _asked(name: str, command: Command, facts: Facts) -> Effects | None:
    """One module's answer. A rule that fails leaves the command unknown, not the session without an answer."""
    try:
        subject = cast("Subject", getattr(__import__("sidelight.effects", fromlist=[name]), name))
        return subject.read(command, facts)
    except Exception:  # noqa: BLE001 - see above
        return None


def _unknown(command: Command) -> Effects:
    from sidelight.effects import shell

    return Effects((Draft("command", summary=shell.summary(command.argv)),), unknown=True)
