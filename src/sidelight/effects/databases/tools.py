"""Migration tools: their verbs, their options, and where each reads which database it means."""

from __future__ import annotations

from sidelight.effects.databases.steps import rows

#: Migration tools: verb → step. Verbs of several words are looked up longest first.
MIGRATORS: dict[str, dict[str, str]] = {
    "alembic": rows(
        migrate="upgrade, stamp",
        undo="downgrade",
        nothing="revision, merge, edit, init, ensure_version",
        read="current, history, heads, show, branches, check, list_templates",
    ),
    "flask db": rows(
        migrate="upgrade, stamp",
        undo="downgrade",
        nothing="migrate, revision, merge, edit, init",
        read="current, history, heads, show, branches, check, list-templates",
    ),
    "aerich": rows(migrate="upgrade", undo="downgrade", nothing="migrate, init, init-db", read="history, heads"),
    "yoyo": rows(
        migrate="apply, mark, develop", undo="rollback, reapply, unmark", write="break-lock", nothing="new", read="list"
    ),
    "manage.py": rows(
        migrate="migrate",
        reset="flush, reset_db, reset_schema",
        dump="dumpdata",
        nothing="makemigrations",
        write="loaddata, createsuperuser, changepassword, createcachetable, clearsessions, remove_stale_contenttypes, "
        "seed, populate",
        run="shell, shell_plus, runscript",
        read="showmigrations, sqlmigrate, sqlflush, sqlsequencereset, inspectdb, check, diffsettings, help",
    ),
    "prisma": rows(
        migrate="migrate deploy, migrate dev, db push",
        reset="migrate reset",
        write="db seed, db execute, migrate resolve",
        nothing="generate, init, db pull, format, studio",
        read="migrate status, migrate diff, validate, version, debug",
    ),
    "drizzle-kit": rows(
        migrate="push, migrate, push:pg, push:mysql, push:sqlite",
        read="check",
        nothing="generate, introspect, pull, drop, up, studio, export, generate:pg, generate:mysql",
    ),
    "knex": rows(
        migrate="migrate:latest, migrate:up",
        undo="migrate:rollback, migrate:down",
        write="seed:run, migrate:unlock",
        nothing="migrate:make, seed:make, init",
        read="migrate:list, migrate:status, migrate:currentVersion",
    ),
    "sequelize": rows(
        migrate="db:migrate, db:migrate:schema:timestamps:add",
        undo="db:migrate:undo, db:migrate:undo:all, db:seed:undo, db:seed:undo:all",
        write="db:seed, db:seed:all, db:create",
        reset="db:drop",
        read="db:migrate:status",
        nothing="migration:generate, migration:create, model:generate, model:create, seed:generate, init",
    ),
    "typeorm": rows(
        migrate="migration:run, schema:sync",
        undo="migration:revert",
        reset="schema:drop",
        read="migration:show, schema:log",
        nothing="migration:generate, migration:create, entity:create, init",
        write="cache:clear",
    ),
    "mikro-orm": rows(
        migrate="migration:up, schema:update",
        undo="migration:down",
        reset="migration:fresh, schema:drop, schema:fresh, database:drop",
        write="seeder:run, schema:create, database:create",
        nothing="migration:create, seeder:create",
        read="migration:list, migration:pending, migration:check, debug",
    ),
    "db-migrate": rows(
        migrate="up", undo="down", reset="reset, db:drop", nothing="create", read="check", write="db:create"
    ),
    "node-pg-migrate": rows(migrate="up", undo="down, redo", nothing="create"),
    "payload": rows(
        migrate="migrate",
        undo="migrate:down, migrate:refresh",
        reset="migrate:reset, migrate:fresh",
        nothing="migrate:create, generate:types",
        read="migrate:status",
    ),
    "rails": rows(
        migrate="db:migrate, db:migrate:up, db:prepare",
        undo="db:rollback, db:migrate:down, db:migrate:redo, db:forward",
        reset="db:drop, db:drop:all, db:drop:_unsafe, db:reset, db:setup, db:schema:load, db:structure:load, "
        "db:migrate:reset, db:truncate_all, db:purge, db:purge:all, db:seed:replant, db:fixtures:load, "
        "db:test:prepare, "
        "db:test:load, db:test:purge, db:test:load_schema",
        write="db:create, db:create:all, db:seed, db:environment:set, db:sessions:clear",
        run="runner, r, console, c",
        read="db:migrate:status, db:version, db:abort_if_pending_migrations, db:charset, db:collation",
        nothing="db:schema:dump, db:structure:dump, db:schema:cache:dump, db:schema:cache:clear, db:system:change, "
        "db:encryption:init, db:_dump",
    ),
    "artisan": rows(
        migrate="migrate, migrate:install",
        undo="migrate:rollback",
        reset="migrate:fresh, migrate:refresh, migrate:reset, db:wipe",
        write="db:seed, queue:flush, queue:clear",
        run="tinker",
        read="migrate:status, db:show, db:table, db:monitor",
        nothing="make:migration, make:seeder, schema:dump",
    ),
    "phinx": rows(
        migrate="migrate",
        undo="rollback",
        write="seed:run, breakpoint",
        read="status, list",
        nothing="create, seed:create, init",
    ),
    "console": rows(
        migrate="doctrine:migrations:migrate, doctrine:migrations:execute, doctrine:schema:update, d:m:m",
        reset="doctrine:database:drop, doctrine:schema:drop, doctrine:fixtures:load, d:d:d, d:f:l",
        write="doctrine:database:create, doctrine:schema:create, doctrine:query:sql, dbal:run-sql",
        read="doctrine:migrations:status, doctrine:migrations:list, doctrine:schema:validate, "
        "doctrine:migrations:up-to-date, doctrine:mapping:info",
        nothing="doctrine:migrations:diff, doctrine:migrations:generate, make:migration",
    ),
    "mix": rows(
        migrate="ecto.migrate",
        undo="ecto.rollback",
        reset="ecto.reset, ecto.drop, ecto.load, ecto.setup",
        write="ecto.create, ecto.seed",
        read="ecto.migrations",
        nothing="ecto.gen.migration, ecto.gen.repo",
        dump="ecto.dump",
    ),
    "dbmate": rows(
        migrate="up, migrate",
        undo="rollback, down",
        reset="drop, load",
        write="create",
        nothing="new, n",
        read="status, wait",
        dump="dump",
    ),
    "goose": rows(
        migrate="up, up-by-one, up-to",
        undo="down, down-to, redo",
        reset="reset",
        read="status, version, validate",
        nothing="create, fix",
    ),
    "migrate": rows(migrate="up, goto, force", undo="down", reset="drop", read="version", nothing="create"),
    "tern": rows(
        migrate="migrate", nothing="new, init, renumber", read="status, print-connstring", write="code install"
    ),
    "flyway": rows(
        migrate="migrate, baseline", undo="undo", reset="clean", write="repair", read="info, validate, check"
    ),
    "liquibase": rows(
        migrate="update, update-count, update-to-tag, updateCount, changelog-sync, changelogSync, "
        "update-testing-rollback, tag",
        undo="rollback, rollback-count, rollback-to-date, rollbackCount, rollback-one-changeset",
        reset="drop-all, dropAll",
        write="release-locks, releaseLocks, clear-checksums, clearCheckSums, execute-sql",
        read="status, validate, history, diff, update-sql, updateSQL, rollback-sql, rollbackSQL, list-locks, snapshot, "
        "future-rollback-sql, unexpected-changesets, calculate-checksum, tag-exists, db-doc",
        nothing="generate-changelog, generateChangeLog, diff-changelog, diffChangeLog, init",
    ),
    "sqitch": rows(
        migrate="deploy",
        undo="revert, rebase, checkout",
        read="status, log, plan, verify, show, config, target",
        nothing="add, init, rework, tag, bundle",
    ),
    "diesel": rows(
        migrate="migration run, setup, database setup",
        undo="migration revert, migration redo",
        reset="database reset, database drop",
        read="migration list, migration pending, print-schema",
        nothing="migration generate, completions",
    ),
    "sqlx": rows(
        migrate="migrate run",
        undo="migrate revert",
        reset="database drop, database reset",
        write="database create, database setup",
        read="migrate info",
        nothing="migrate add, prepare, completions",
    ),
    "atlas": rows(
        migrate="schema apply, migrate apply, migrate set",
        undo="migrate down",
        reset="schema clean",
        read="schema inspect, schema diff, schema plan, migrate status, migrate lint, migrate validate, version, "
        "schema test",
        nothing="migrate diff, migrate new, migrate hash, migrate import, schema fmt, migrate test, migrate edit",
    ),
    "hasura": rows(
        migrate="migrate apply, metadata apply, deploy",
        reset="metadata clear, migrate delete",
        write="seed apply, metadata reload, metadata inconsistency drop",
        read="migrate status, metadata diff, metadata inconsistency list, "
        "metadata inconsistency status, version, migrate preview",
        dump="metadata export",
        nothing="migrate create, migrate squash, seed create, init, console",
    ),
    "wp db": rows(
        reset="reset, drop, clean, import",
        write="create, optimize, repair, query",
        dump="export",
        read="check, size, tables, columns, prefix, search",
    ),
    "dotnet ef": rows(
        migrate="database update",
        reset="database drop",
        read="migrations list, dbcontext info, "
        "migrations has-pending-model-changes, dbcontext list, migrations script, dbcontext script",
        nothing="migrations add, migrations remove, migrations bundle, dbcontext scaffold, dbcontext optimize",
    ),
    "supabase": rows(
        migrate="db push, migration up, migration squash",
        undo="migration down",
        reset="db reset, db remote commit",
        write="migration repair, seed, seed buckets",
        dump="db dump, test db, db pull, db remote changes, migration fetch",
        read="db diff, db lint, migration list, status, projects list, functions list, secrets list, branches list, "
        "inspect, "
        "orgs list, services, snippets list, inspect db",
        stop="stop",
        nothing="migration new, gen, init, gen types, start",
    ),
}
ALIASES = {
    "rake": "rails",
    "sequelize-cli": "sequelize",
    "prisma2": "prisma",
    "django-admin": "manage.py",
    "typeorm-ts-node-commonjs": "typeorm",
    "typeorm-ts-node-esm": "typeorm",
    "cargo-sqlx": "sqlx",
    "golang-migrate": "migrate",
    "dotnet-ef": "dotnet ef",
}

#: Options of migration tools that take the next word, and those that name the database.
TOOL_VALUED = frozenset(
    "-u --url --database-url --db-url --database -d --dataSource --data-source --config -c --schema --env -e "
    "--environment "
    "--migrations-dir -s --source -x -n --name -dir --dir --to --file -path -database -source --knexfile --settings "
    "--pythonpath --app -A --revision-id --rev-id -m --message --target --password -p --project-ref --endpoint "
    "--admin-secret --out --database-name --from-migrations --from-url --to-url --schema-file --migration-dir "
    "--context --connection --path "
    "--changelog-file --username -r --repo --step --workdir --project --startup-project --directory --dialect".split()
)
TOOL_URLS = ("--url", "-u", "--database-url", "--db-url", "-database", "-url", "--endpoint", "--dburl", "--connection")
URL_VARIABLES = ("DATABASE_URL", "DB_URL", "POSTGRES_URL", "DATABASE_URI", "SQLALCHEMY_DATABASE_URI", "DIRECT_URL")
OWN_VARIABLES: dict[str, tuple[str, ...]] = {
    "goose": ("GOOSE_DBSTRING",),
    "flyway": ("FLYWAY_URL",),
    "liquibase": ("LIQUIBASE_COMMAND_URL", "LIQUIBASE_URL"),
    "alembic": ("ALEMBIC_DATABASE_URL",),
    "supabase": ("SUPABASE_DB_URL",),
    "hasura": ("HASURA_GRAPHQL_ENDPOINT",),
}
DRY = (
    "--dry-run",
    "--check",
    "--sql",
    "--plan",
    "--pretend",
    "--help",
    "--version",
    "--dump-sql",
    "-dry-run",
    "--list",
)
STAGE_VARIABLES = ("RAILS_ENV", "RACK_ENV", "MIX_ENV", "APP_ENV", "NODE_ENV", "FLASK_ENV", "DJANGO_SETTINGS_MODULE")

PYTHONS = frozenset({"python", "python3", "py", "pypy3", *(f"python3.{minor}" for minor in range(8, 16))})
