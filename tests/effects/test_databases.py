"""What commands do to databases: which one, and how badly."""

import pytest

from sidelight.effects import UNKNOWN, Redirect, databases, sql
from tests.effects.reading import check, done, drafts, said
from tests.fakes import FakeFacts

LOCAL = "db:m1:5432"
DEFAULT = "db:m1:/repo/.git/default"


# ── SQL ───────────────────────────────────────────────────────────────────────────────────────────────────────────

LEVELS = {
    "a select reads": ("SELECT * FROM carts", sql.READ),
    "a drop in a string is only text": ("SELECT 'DROP TABLE carts'", sql.READ),
    "a drop in a line comment is only text": ("SELECT 1 -- ; DROP TABLE carts", sql.READ),
    "a drop in nested block comments is only text": ("/* a /* ; DROP TABLE x */ b */ SELECT 1", sql.READ),
    "a quoted column called delete is a name": ('SELECT "delete" FROM t', sql.READ),
    "a column that contains a verb is a name": ("SELECT drop_date, updated FROM t FOR UPDATE", sql.READ),
    "explain only plans": ("EXPLAIN DELETE FROM carts", sql.READ),
    "explain analyze executes": ("EXPLAIN ANALYZE DELETE FROM carts WHERE id = 1", sql.WRITE),
    "explain with analyze among its options executes": (
        "EXPLAIN (COSTS, ANALYZE) UPDATE t SET a = 1 WHERE b",
        sql.WRITE,
    ),
    "explain with analyze switched off plans": ("EXPLAIN (ANALYZE false) DELETE FROM t", sql.READ),
    "an insert writes": ("INSERT INTO carts VALUES (1)", sql.WRITE),
    "an update of some rows writes": ("UPDATE carts SET x = 1 WHERE id = 3", sql.WRITE),
    "an update of all rows resets": ("UPDATE carts SET x = 1", sql.RESET),
    "a delete of all rows resets": ("DELETE FROM carts;", sql.RESET),
    "a delete where true resets": ("DELETE FROM carts WHERE true", sql.RESET),
    "a delete of some rows writes": ("DELETE FROM carts WHERE age > 3", sql.WRITE),
    "a delete in a common table expression counts": (
        "WITH d AS (DELETE FROM a WHERE b RETURNING *) SELECT * FROM d",
        sql.WRITE,
    ),
    "a delete after common table expressions counts": ("WITH a AS (SELECT 1) DELETE FROM t", sql.RESET),
    "a plain common table expression reads": ("WITH a AS (SELECT 1) SELECT * FROM a", sql.READ),
    "truncate resets": ("TRUNCATE TABLE carts, orders", sql.RESET),
    "dropping a table resets": ("DROP TABLE IF EXISTS carts CASCADE", sql.RESET),
    "dropping an index is a change": ("DROP INDEX CONCURRENTLY carts_idx", sql.WRITE),
    "alter is a change": ("ALTER TABLE carts ADD COLUMN x int", sql.WRITE),
    "a temporary table is one's own": ("CREATE TEMP TABLE t AS SELECT 1", sql.READ),
    "select into makes a table": ("SELECT * INTO carts_copy FROM carts", sql.WRITE),
    "copy from writes": ("COPY carts FROM STDIN", sql.WRITE),
    "copy to reads": ("COPY (SELECT * FROM carts) TO STDOUT", sql.READ),
    "a function that ends sessions kills": ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", sql.KILL),
    "a do block runs its body": ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$", sql.RESET),
    "a function's body only waits": ("CREATE FUNCTION f() RETURNS void AS $$ DROP TABLE x $$ LANGUAGE sql", sql.WRITE),
    "a settings statement is one's own": ("SET search_path TO shop", sql.READ),
    "an unknown verb is never a read": ("FROBNICATE carts", sql.WRITE),
    "a pragma that asks reads": ("PRAGMA table_info(carts)", sql.READ),
    "a pragma that sets the journal writes": ("PRAGMA journal_mode = WAL", sql.WRITE),
}


@pytest.mark.parametrize(("text", "level"), LEVELS.values(), ids=LEVELS)
def test_one_statement(text, level):
    assert max((verdict.level for verdict in sql.verdicts(text, metas=True)), default=sql.READ) == level


def test_a_rolled_back_block_did_nothing():
    assert sql.verdicts("BEGIN; DELETE FROM carts; ROLLBACK;") == []


def test_a_committed_block_counts_and_so_does_one_left_open():
    assert [v.level for v in sql.verdicts("BEGIN; DELETE FROM a; COMMIT; BEGIN; TRUNCATE b")] == [sql.RESET, sql.RESET]


def test_rolling_back_to_a_savepoint_does_not_end_the_block():
    assert sql.verdicts("BEGIN; TRUNCATE a; SAVEPOINT s; ROLLBACK TO s; COMMIT")[0].level == sql.RESET


def test_mysql_commits_at_ddl_whatever_follows():
    found = sql.verdicts("START TRANSACTION; DROP TABLE carts; ROLLBACK", hashes=True)
    assert [verdict.level for verdict in found] == [sql.RESET]


def test_after_use_and_connect_the_other_database_is_meant():
    assert sql.verdicts("USE other; TRUNCATE t")[0].database == "other"
    assert sql.verdicts("\\c other\nTRUNCATE t", metas=True)[-1].database == "other"


def test_a_text_that_never_ends_does_not_hang():
    assert sql.verdicts("SELECT 'open", metas=True)[0].level == sql.READ
    assert sql.verdicts('$$ /* " ` (', metas=True)


# ── shells, dumps, servers ────────────────────────────────────────────────────────────────────────────────────────

SHELLS = {
    "psql select reads": ("psql shop -c 'SELECT 1'", "read"),
    "psql explain reads": ("psql shop -c 'EXPLAIN DELETE FROM carts'", "read"),
    "psql lists databases": ("psql -l", "read"),
    "psql describes tables": (r"psql shop -c '\dt'", "read"),
    "psql drops a table of a local database": (
        "psql -h localhost -d shop -c 'DROP TABLE carts'",
        ["only", f"db-reset destroys {LOCAL}/shop"],
    ),
    "psql drops another database than it stands in": (
        "psql -d postgres -c 'DROP DATABASE shop'",
        ["only", f"db-reset destroys {LOCAL}/shop"],
    ),
    "psql by url on another host": (
        "psql postgresql://app:pw@db.acme.io:6432/shop?sslmode=require -c 'UPDATE a SET b=1 WHERE c=2'",
        ["only", "db-write edits db:db.acme.io:6432/shop"],
    ),
    "psql by the environment": (
        "PGHOST=db.acme.io PGDATABASE=shop psql -c 'TRUNCATE carts'",
        ["only", "db-reset destroys db:db.acme.io:5432/shop"],
    ),
    "psql by a connection text": (
        "psql 'host=db.acme.io dbname=shop' -c 'TRUNCATE carts'",
        ["only", "db-reset destroys db:db.acme.io:5432/shop"],
    ),
    "psql copies rows in": (r"""psql shop -c "\\copy carts from 'x.csv'" """, ["only", f"db-write edits {LOCAL}/shop"]),
    "psql copies rows out": (r"""psql shop -c "\\copy carts to 'x.csv'" """, "read"),
    "psql runs a file that cannot be read": ("psql shop -f seed.sql", ["only", f"db-write edits {LOCAL}/shop"]),
    "psql on supabase's port is the local supabase": (
        "psql postgresql://postgres:postgres@127.0.0.1:54322/postgres -c 'TRUNCATE a'",
        ["only", "db-reset destroys db:m1/supabase-local"],
    ),
    "mysql deletes all rows": (
        "mysql -uroot -psecret shop -e 'DELETE FROM carts'",
        ["only", "db-reset destroys db:m1:3306/shop"],
    ),
    "mysql uses another database first": (
        "mysql -e 'USE shop; DROP TABLE carts'",
        ["only", "db-reset destroys db:m1:3306/shop"],
    ),
    "mysql show reads": ("mysql -h db.acme.io -e 'SHOW PROCESSLIST'", "read"),
    "mysqladmin drops": ("mysqladmin -u root drop shop", ["only", "db-reset destroys db:m1:3306/shop"]),
    "mysqladmin status reads": ("mysqladmin status", "read"),
    "a dump relies on its source": (
        "pg_dump -h db.acme.io -Fc shop -f shop.dump",
        ["db-dump uses db:db.acme.io:5432/shop", "write replaces path:m1:/repo/shop.dump"],
    ),
    "mysqldump relies on its source": ("mysqldump -u root shop", ["only", "db-dump uses db:m1:3306/shop"]),
    "a base backup relies on the whole server": (
        "pg_basebackup -h db.acme.io -D /backup",
        ["db-dump uses db:db.acme.io:5432"],
    ),
    "a restore replaces the database": (
        "pg_restore --clean -d shop shop.dump",
        ["only", f"db-reset destroys {LOCAL}/shop"],
    ),
    "a restore without a database only prints": ("pg_restore shop.dump", "read"),
    "dropdb destroys": ("dropdb --if-exists shop_test", ["only", f"db-reset destroys {LOCAL}/shop_test"]),
    "createdb adds": ("createdb -h localhost shop", ["only", f"db-write adds {LOCAL}/shop"]),
    "stopping the server ends everybody's sessions": (
        "pg_ctl -D /data stop",
        ["only", "process-kill destroys db:m1:5432"],
    ),
    "sqlite is a file": (
        "sqlite3 data/app.db 'UPDATE a SET b=1 WHERE c=1'",
        ["only", "db-write edits path:m1:/repo/data/app.db"],
    ),
    "sqlite drops": ("sqlite3 data/app.db 'DROP TABLE a'", ["only", "db-reset destroys path:m1:/repo/data/app.db"]),
    "sqlite select reads": ("sqlite3 -readonly data/app.db 'SELECT 1'", "read"),
    "sqlite tables reads": ("sqlite3 data/app.db .tables", "read"),
    "sqlite restore destroys": (
        "sqlite3 data/app.db '.restore old.db'",
        ["db-reset destroys path:m1:/repo/data/app.db"],
    ),
    "sqlite backup writes its copy": (
        "sqlite3 data/app.db '.backup /tmp/x.db'",
        ["only", "write replaces path:m1:/tmp/x.db"],
    ),
    "mongo drops the database": (
        "mongosh shop --eval 'db.dropDatabase()'",
        ["only", "db-reset destroys db:m1:27017/shop"],
    ),
    "mongo finds": ("mongosh mongodb://h.acme.io/shop --eval 'db.carts.find({a: 1}).count()'", "read"),
    "mongo deletes some": (
        "mongosh shop --eval 'db.carts.deleteMany({old: true})'",
        ["only", "db-write edits db:m1:27017/shop"],
    ),
    "mongo deletes all": (
        "mongosh shop --eval 'db.carts.deleteMany({})'",
        ["only", "db-reset destroys db:m1:27017/shop"],
    ),
    "mongorestore replaces": ("mongorestore --drop -d shop dump/", ["only", "db-reset destroys db:m1:27017/shop"]),
    "redis get reads": ("redis-cli get cart:1", "read"),
    "redis set writes one database": ("redis-cli -n 2 set a 1", ["only", "db-write edits redis:m1:6379/2"]),
    "redis flushdb empties one database": (
        "redis-cli -p 6380 -n 1 FLUSHDB",
        ["only", "db-reset destroys redis:m1:6380/1"],
    ),
    "redis flushall empties all of the server": (
        "redis-cli -h cache.acme.io flushall async",
        ["only", "db-reset destroys redis:cache.acme.io:6379"],
    ),
    "redis shutdown ends it": ("redis-cli shutdown nosave", ["only", "process-kill destroys redis:m1:6379"]),
    "redis config get reads": ("redis-cli config get maxmemory", "read"),
    "redis by url": ("redis-cli -u redis://:pw@localhost:6379/3 del a", ["only", "db-write edits redis:m1:6379/3"]),
    "clickhouse truncates": (
        "clickhouse-client -h ch.acme.io -d logs -q 'TRUNCATE TABLE events'",
        ["only", "db-reset destroys db:ch.acme.io:9000/logs"],
    ),
    "clickhouse by its other name selects": ("clickhouse client --query 'SELECT 1'", "read"),
    "cassandra drops a keyspace": (
        "cqlsh cass.acme.io -e 'DROP KEYSPACE shop'",
        ["only", "db-reset destroys db:cass.acme.io:9042/shop"],
    ),
}


@pytest.mark.parametrize(("line", "expected"), SHELLS.values(), ids=SHELLS)
def test_shells_and_movers(line, expected):
    check(done(databases, line), expected)


def test_sql_on_standard_input_counts():
    check(
        done(databases, "psql shop", stdin="BEGIN;\nDROP TABLE carts;\nCOMMIT;\n"),
        ["only", f"db-reset destroys {LOCAL}/shop"],
    )


def test_sql_from_a_file_that_can_be_read_counts_statement_by_statement():
    facts = FakeFacts(files={"/repo/q.sql": "SELECT 1;\n\\i more.sql\n", "/repo/more.sql": "SELECT 2;"})
    assert said(done(databases, "psql shop -f q.sql", facts)) == "read"
    check(done(databases, "psql shop", facts, redirects=(Redirect("<", "q.sql"),)), "read")


def test_what_comes_from_an_unknown_program_is_a_write():
    check(done(databases, "psql shop", upstream=("gunzip", "-c", "x.gz")), ["only", f"db-write edits {LOCAL}/shop"])


def test_an_interactive_shell_is_not_understood():
    assert done(databases, "psql shop") is None


def test_a_database_in_a_container_is_that_containers():
    there = FakeFacts(machine="m1/shop-db-1", cwd="", trees=[])
    inside = done(databases, "psql -U app shop -c 'DROP TABLE a'", there, remote="container:shop-db-1")
    check(inside, ["only", "db-reset destroys db:m1:shop-db/shop"])
    composed = done(
        databases,
        "psql -U app shop -c 'DROP TABLE a'",
        FakeFacts("/shop", trees=["/shop"]),
        remote="container:db",
        through=("docker compose exec",),
    )
    check(composed, ["only", "db-reset destroys db:m1:shop-db/shop"])


def test_a_url_that_could_not_be_expanded_is_most_likely_the_projects():
    check(done(databases, f"psql {UNKNOWN} -c 'TRUNCATE a'"), ["only", f"db-reset destroys {DEFAULT}"])
    facts = FakeFacts(files={"/repo/.env": "DATABASE_URL=postgres://db.acme.io/shop"})
    check(
        done(databases, f"psql {UNKNOWN} -c 'TRUNCATE a'", facts), ["only", "db-reset destroys db:db.acme.io:5432/shop"]
    )


def test_a_database_of_another_machine_is_that_machines():
    check(done(databases, "dropdb shop", remote="build1"), ["only", "db-reset destroys db:build1:5432/shop"])


def test_a_summary_holds_the_verb_and_not_the_text():
    draft = drafts(databases, "psql shop -c \"UPDATE users SET password = 'hunter2' WHERE id = 1\"")[0]
    assert draft.summary == "psql UPDATE users"


# ── migration tools ───────────────────────────────────────────────────────────────────────────────────────────────

MIGRATIONS = {
    "alembic upgrade": ("alembic upgrade head", [f"db-migrate edits {DEFAULT}"]),
    "alembic downgrade undoes": ("alembic downgrade -1", [f"db-migrate destroys {DEFAULT}"]),
    "alembic upgrade that only prints": ("alembic upgrade head --sql", "read"),
    "alembic current reads": ("alembic current", "read"),
    "alembic revision touches no database": ("alembic revision -m x", "nothing"),
    "alembic as a module": ("python -m alembic -c conf/alembic.ini upgrade head", [f"db-migrate edits {DEFAULT}"]),
    "prisma deploys migrations": ("prisma migrate deploy", [f"db-migrate edits {DEFAULT}"]),
    "prisma resets": ("prisma migrate reset --force", [f"db-reset destroys {DEFAULT}"]),
    "prisma pushes the schema": ("prisma db push", [f"db-migrate edits {DEFAULT}"]),
    "prisma pushes the schema over everything": ("prisma db push --force-reset", [f"db-reset destroys {DEFAULT}"]),
    "prisma status reads": ("prisma migrate status", "read"),
    "prisma generate touches no database": ("prisma generate", "nothing"),
    "prisma seeds": ("prisma db seed", [f"db-write edits {DEFAULT}"]),
    "drizzle pushes": ("drizzle-kit push", [f"db-migrate edits {DEFAULT}"]),
    "drizzle generate touches no database": ("drizzle-kit generate", "nothing"),
    "knex latest": ("knex migrate:latest", [f"db-migrate edits {DEFAULT}"]),
    "knex in production is the shared one": (
        "knex migrate:rollback --env production",
        ["db-migrate destroys db:acme/app/prod"],
    ),
    "sequelize undoes": ("sequelize-cli db:migrate:undo:all", [f"db-migrate destroys {DEFAULT}"]),
    "typeorm drops the schema": ("typeorm schema:drop -d src/data-source.ts", [f"db-reset destroys {DEFAULT}"]),
    "rails migrates": ("rails db:migrate", [f"db-migrate edits {DEFAULT}"]),
    "rails resets development and test": (
        "rails db:reset",
        [f"db-reset destroys {DEFAULT}", "db-reset destroys db:m1:/repo/.git/test"],
    ),
    "rails drops and makes: the worst counts": ("rails db:drop db:create db:migrate", [f"db-reset destroys {DEFAULT}"]),
    "rails in test": ("RAILS_ENV=test rake db:schema:load", ["only", "db-reset destroys db:m1:/repo/.git/test"]),
    "rails prepares the test database": ("rails db:test:prepare", ["only", "db-reset destroys db:m1:/repo/.git/test"]),
    "rails runs a script on its database": ("rails runner scripts/backfill.rb", ["only", f"run uses {DEFAULT}"]),
    "rails runs a script on the test database": (
        "RAILS_ENV=test rails r x.rb",
        ["only", "run uses db:m1:/repo/.git/test"],
    ),
    "django's shell": ("python manage.py shell -c 'x()'", ["only", f"run uses {DEFAULT}"]),
    "laravel's shell": ("php artisan tinker", ["only", f"run uses {DEFAULT}"]),
    "rails tests are not for here": ("rails test", "not understood"),
    "rails status reads": ("rails db:migrate:status", "read"),
    "rails server is not for here": ("rails server", "not understood"),
    "django migrates": ("python manage.py migrate", [f"db-migrate edits {DEFAULT}"]),
    "django migrates back to nothing": ("python manage.py migrate shop zero", [f"db-migrate destroys {DEFAULT}"]),
    "django plan reads": ("./manage.py migrate --plan", "read"),
    "django flushes": ("python3 manage.py flush --no-input", [f"db-reset destroys {DEFAULT}"]),
    "django loads data": ("django-admin loaddata shop.json", [f"db-write edits {DEFAULT}"]),
    "django shows migrations": ("python manage.py showmigrations", "read"),
    "django prints sql": ("python manage.py sqlmigrate shop 0003", "read"),
    "django server is not for here": ("python manage.py runserver", "not understood"),
    "flask upgrades": ("flask --app shop db upgrade", [f"db-migrate edits {DEFAULT}"]),
    "flask makes a revision": ("flask db migrate -m x", "nothing"),
    "supabase resets the local one": ("supabase db reset", ["only", "db-reset destroys db:m1/supabase-local"]),
    "supabase resets the linked one": (
        "supabase db reset --linked",
        ["only", "db-reset destroys db:acme/app/supabase"],
    ),
    "supabase pushes to the linked one": ("supabase db push", ["only", "db-migrate edits db:acme/app/supabase"]),
    "supabase push that only looks": ("supabase db push --dry-run", "read"),
    "supabase migrates up locally": ("supabase migration up", ["only", "db-migrate edits db:m1/supabase-local"]),
    "supabase stops": ("supabase stop --no-backup", ["only", "process-kill destroys db:m1/supabase-local"]),
    "dbmate up by url": (
        "dbmate --url postgres://app@db.acme.io/shop up",
        ["only", "db-migrate edits db:db.acme.io:5432/shop"],
    ),
    "dbmate drops": ("dbmate drop", [f"db-reset destroys {DEFAULT}"]),
    "goose by words": (
        "goose postgres 'host=db.acme.io dbname=shop' up",
        ["only", "db-migrate edits db:db.acme.io:5432/shop"],
    ),
    "goose by the environment": (
        "GOOSE_DBSTRING=postgres://localhost/shop goose down",
        ["only", f"db-migrate destroys {LOCAL}/shop"],
    ),
    "golang-migrate drops": (
        "migrate -path m -database postgres://localhost:5432/shop drop -f",
        ["only", f"db-reset destroys {LOCAL}/shop"],
    ),
    "flyway cleans": (
        "flyway -url=jdbc:postgresql://db.acme.io:5432/shop clean",
        ["only", "db-reset destroys db:db.acme.io:5432/shop"],
    ),
    "flyway info reads": ("flyway info", "read"),
    "liquibase updates": (
        "liquibase --url=jdbc:mysql://localhost:3306/shop update",
        ["only", "db-migrate edits db:m1:3306/shop"],
    ),
    "liquibase drops all": ("liquibase drop-all", [f"db-reset destroys {DEFAULT}"]),
    "liquibase prints sql": ("liquibase update-sql", "read"),
    "diesel reverts": ("diesel migration revert", [f"db-migrate destroys {DEFAULT}"]),
    "diesel resets": ("diesel database reset", [f"db-reset destroys {DEFAULT}"]),
    "sqlx resets through cargo": ("cargo sqlx database reset -y", [f"db-reset destroys {DEFAULT}"]),
    "atlas applies a schema": (
        "atlas schema apply -u postgres://localhost/shop --to file://s.hcl",
        ["only", f"db-migrate edits {LOCAL}/shop"],
    ),
    "atlas dry run reads": ("atlas migrate apply --dry-run", "read"),
    "ecto resets": ("mix ecto.reset", [f"db-reset destroys {DEFAULT}"]),
    "ecto in test": ("MIX_ENV=test mix ecto.drop", ["only", "db-reset destroys db:m1:/repo/.git/test"]),
    "artisan lays anew": ("php artisan migrate:fresh --seed", [f"db-reset destroys {DEFAULT}"]),
    "artisan that only pretends": ("php artisan migrate --pretend", "read"),
    "hasura applies metadata": ("hasura metadata apply", [f"db-migrate edits {DEFAULT}"]),
    "wordpress imports": ("wp db import dump.sql", [f"db-reset destroys {DEFAULT}"]),
    "wordpress query reads": ("wp db query 'SELECT 1'", "read"),
    "entity framework drops": ("dotnet ef database drop --force", [f"db-reset destroys {DEFAULT}"]),
    "doctrine drops": ("php bin/console doctrine:database:drop --force", [f"db-reset destroys {DEFAULT}"]),
}


@pytest.mark.parametrize(("line", "expected"), MIGRATIONS.values(), ids=MIGRATIONS)
def test_migration_tools(line, expected):
    check(done(databases, line), expected)


def test_two_working_trees_of_one_repository_share_the_default_database():
    facts = FakeFacts(trees=["/repo", "/repo-wt"])
    here, there = (said(done(databases, "alembic upgrade head", facts.at(root))) for root in ("/repo", "/repo-wt"))
    assert here == there


WHERE = {
    "the environment's url": (
        {},
        {"DATABASE_URL": "postgres://u:p@db.acme.io/shop"},
        "prisma migrate deploy",
        "db:db.acme.io:5432/shop",
    ),
    "the .env file's url": (
        {".env": '# x\nDATABASE_URL="postgresql://u:p@localhost:5433/shop?schema=public"\n'},
        {},
        "prisma migrate reset",
        "db:m1:5433/shop",
    ),
    "a .env file that builds its url": (
        {".env": "HOST=db.acme.io\nDATABASE_URL=postgres://u@${HOST}/shop\n"},
        {},
        "dbmate up",
        "db:db.acme.io:5432/shop",
    ),
    "prisma's own variable": (
        {"prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("SHOP_URL")\n}'},
        {"SHOP_URL": "postgres://localhost/shop"},
        "prisma db push",
        "db:m1:5432/shop",
    ),
    "prisma's sqlite file beside its schema": (
        {"prisma/schema.prisma": 'datasource db {\n  provider = "sqlite"\n  url = "file:./dev.db"\n}'},
        {},
        "prisma migrate reset",
        "path:m1:/repo/prisma/dev.db",
    ),
    "alembic's ini": (
        {"alembic.ini": "[alembic]\nsqlalchemy.url = postgresql+psycopg://u:p@localhost/shop\n"},
        {},
        "alembic upgrade head",
        "db:m1:5432/shop",
    ),
    "alembic's relative sqlite": (
        {"alembic.ini": "sqlalchemy.url = sqlite:///./shop.db\n"},
        {},
        "alembic downgrade base",
        "path:m1:/repo/shop.db",
    ),
    "rails' database.yml": (
        {
            "config/database.yml": "default: &default\n  adapter: postgresql\n  host: localhost\ndevelopment:\n  <<: "
            "*default\n  database: shop_dev\ntest:\n  <<: *default\n  database: shop_test\n"
        },
        {},
        "rails db:migrate",
        "db:m1:5432/shop_dev",
    ),
    "rails' test section": (
        {"config/database.yml": "test:\n  adapter: mysql2\n  database: <%= ENV.fetch('TEST_DB') { 'shop_test' } %>\n"},
        {"RAILS_ENV": "test"},
        "rails db:drop",
        "db:m1:3306/shop_test",
    ),
    "laravel's variables": (
        {".env": "DB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT=3307\nDB_DATABASE=shop\n"},
        {},
        "php artisan migrate:fresh",
        "db:m1:3307/shop",
    ),
    "django's sqlite file": ({"db.sqlite3": ""}, {}, "python manage.py flush", "path:m1:/repo/db.sqlite3"),
    "drizzle's config": (
        {"drizzle.config.ts": "dbCredentials: { url: process.env.SHOP_URL! }"},
        {"SHOP_URL": "postgres://db.acme.io/shop"},
        "drizzle-kit push",
        "db:db.acme.io:5432/shop",
    ),
    "a compose service's name is this machine's": (
        {".env": "DATABASE_URL=postgres://app@postgres:5432/shop"},
        {},
        "knex migrate:latest",
        "db:m1:5432/shop",
    ),
    "the linked supabase project": (
        {"supabase/.temp/project-ref": "abcdefgh\n"},
        {},
        "supabase db push",
        "db:supabase/abcdefgh",
    ),
}


@pytest.mark.parametrize(("files", "env", "line", "key"), WHERE.values(), ids=WHERE)
def test_which_database_is_known_from(files, env, line, key):
    facts = FakeFacts(files={f"/repo/{name}": text for name, text in files.items()}, env=env)
    assert drafts(databases, line, facts)[0].touches[0].key == key


def test_makemigrations_takes_the_next_number_of_its_app():
    facts = FakeFacts(files={"/repo/shop/migrations/0001_initial.py": "", "/repo/shop/migrations/0002_x.py": ""})
    check(
        done(databases, "python manage.py makemigrations shop", facts),
        ["only", "migration-new adds migration:acme/app/shop/migrations#0003"],
    )
