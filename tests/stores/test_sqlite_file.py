"""The file of the embedded engine: private, whole or not there, and honest when the disk or its content is not."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sidelight.actions import Session
from sidelight.stores import StoreBusy, StoreDamaged, StoreError, StoreNewer, open_store
from sidelight.stores.sqlite import SqliteStore
from sidelight.stores.sqlite.file import SCHEMA, connect
from tests.stores.engines import Ledger, actors, entry, file, question

ROOT = Path(__file__).parents[2]
ASKED = question([file("a.py")])


def act(store, actor="a", name="a.py"):
    return store.append([entry(actor, file(name))], ASKED, me=Session(actor))


def opens_and_acts(path):
    store = SqliteStore(path)
    try:
        act(store)
    finally:
        store.dispose()


def shell(path):
    """The file as any other program would open it."""
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


@pytest.fixture
def path(tmp_path, record_property):
    record_property("engine", "sqlite")
    return str(tmp_path / "ledger.db")


# ── made ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_else_can_read_the_ledger_whatever_the_umask(path):
    before = os.umask(0)
    try:
        store = SqliteStore(path)
        act(store)
        modes = {
            name: stat.S_IMODE((Path(path).parent / name).stat().st_mode) for name in os.listdir(Path(path).parent)
        }
    finally:
        os.umask(before)
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}
    store.dispose()


def test_many_that_make_one_ledger_at_once_share_it(path):
    start = threading.Barrier(12)
    failed = []

    def make(number):
        start.wait()
        try:
            store = SqliteStore(path)
            act(store, f"s{number}")
            store.dispose()
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    store = SqliteStore(path)
    assert store.last_seq() == 12
    store.dispose()
    assert os.listdir(Path(path).parent) == ["ledger.db"], "nothing is left lying about"


def test_the_url_names_the_file(tmp_path):
    for url in (f"sqlite://{tmp_path}/a.db", f"{tmp_path}/b.db"):
        open_store(url).dispose()
    assert sorted(os.listdir(tmp_path)) == ["a.db", "b.db"]


def test_an_unknown_scheme_is_refused_with_the_known_ones():
    with pytest.raises(StoreError, match=r"redis.*sqlite"):
        open_store("redis://here")


def test_a_directory_that_is_missing_is_an_error_of_ours(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        SqliteStore(str(tmp_path / "nowhere" / "ledger.db"))


# ── versions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_of_a_newer_minor_version_is_used_as_it_is(path):
    """Old and new versions share one file as a matter of course: a column and a table more are no harm."""
    SqliteStore(path).dispose()
    with shell(path) as db:
        for table in (
            "actions",
            "marks",
            "sessions",
            "touched",
            "told",
            "delivered",
            "documents",
            "plans",
            "changes",
            "meta",
        ):
            db.execute(f"ALTER TABLE {table} ADD COLUMN extra TEXT DEFAULT 'x'")
        db.execute("CREATE TABLE more (x)")
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    store = SqliteStore(path)
    act(store)
    assert actors(act(store, "b")) == {"a"}
    store.take("a", store.notices("a"))
    store.end("a")
    assert store.put_document("c", store.name, {}, version=0)
    store.rebuild()
    assert store.forget(actor="a") == 1
    store.dispose()
    with shell(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA + 1,)


def test_a_file_of_an_older_minor_version_is_completed(path, monkeypatch):
    SqliteStore(path).dispose()
    with shell(path) as db:
        db.execute("DROP TABLE documents")
        db.execute(f"PRAGMA user_version = {SCHEMA - 1}")
    monkeypatch.setattr("sidelight.stores.sqlite.file.SCHEMA", SCHEMA)
    store = SqliteStore(path)
    assert store.put_document("c", "n", {}, version=0)
    store.dispose()
    with shell(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_a_file_of_a_newer_major_version_is_left_alone(path):
    SqliteStore(path).dispose()
    with shell(path) as db:
        db.execute(f"PRAGMA user_version = {(SCHEMA // 1000 + 1) * 1000}")
    before = Path(path).read_bytes()
    with pytest.raises(StoreNewer):
        SqliteStore(path)
    assert Path(path).read_bytes() == before


def test_another_programs_database_is_left_alone(path):
    with shell(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    before = Path(path).read_bytes()
    with pytest.raises(StoreError, match="another program"):
        SqliteStore(path)
    assert Path(path).read_bytes() == before


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_after_a_fork_and_its_parent_both_go_on(path):
    store = SqliteStore(path)
    act(store, "parent")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            seen = [actors(act(store, "child")) for _ in range(20)]
            code = 0 if seen[-1] >= {"parent"} else 2
        finally:
            os._exit(code)
    for _ in range(20):
        act(store, "parent")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.last_seq() == 41
    assert store.check() == []
    store.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_what_a_child_records_outlives_a_parent_that_ends_first(path):
    """An inherited connection would hold no locks of its own: the next to open the file would throw its log away."""
    script = (
        "import os, sys\n"
        "from tests.stores.test_sqlite_file import *\n"
        "store = SqliteStore(sys.argv[1]); act(store, 'parent')\n"
        "if os.fork(): os._exit(0)\n"
        "act(store, 'child'); other = SqliteStore(sys.argv[1]); act(other, 'other'); other.dispose()\n"
        "act(store, 'child'); print('done', flush=True); os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "done\n"
    store = SqliteStore(path)
    assert [one.actor for one in store.follow(0)] == ["parent", "child", "other", "child"]
    store.dispose()


def test_a_fork_in_the_middle_of_other_threads_work_is_no_harm(path):
    store = SqliteStore(path)
    stop = threading.Event()
    counts = []

    def work(actor):
        many = 0
        while not stop.is_set():
            act(store, actor)
            many += 1
        counts.append(many)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(3)]
    for one in threads:
        one.start()
    codes = []
    for number in range(5):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                act(store, f"child{number}")
                code = 0
            finally:
                os._exit(code)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    for one in threads:
        one.join()
    assert codes == [0] * 5
    assert store.last_seq() == sum(counts) + 5
    store.dispose()


def test_a_ledger_that_is_replaced_is_noticed(path, tmp_path):
    """A process that has it open must not go on writing where nobody looks."""
    store = SqliteStore(path)
    act(store, "before")
    SqliteStore(str(tmp_path / "other.db")).dispose()
    os.replace(tmp_path / "other.db", path)
    for suffix in ("-wal", "-shm"):
        os.unlink(path + suffix)
    assert act(store, "after").added[0].seq == 1
    second = SqliteStore(path)
    assert actors(act(second, "b")) == {"after"}
    second.dispose()
    store.dispose()


def test_a_ledger_that_is_deleted_is_made_anew(path):
    store = SqliteStore(path)
    act(store)
    for suffix in ("", "-wal", "-shm"):
        os.unlink(path + suffix)
    assert act(store, "b").before == ()
    assert os.path.exists(path)
    store.dispose()


# ── busy ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_ledger_that_somebody_holds_is_busy_after_the_bound_and_not_before(path):
    store = SqliteStore(path, busy_ms=300)
    with shell(path) as holder:
        holder.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(StoreBusy):
            act(store)
        took = time.monotonic() - start
        assert store.last_seq() == 0, "reading waits for nobody"
        holder.execute("ROLLBACK")
    assert 0.29 < took < 3
    assert act(store).added[0].seq == 1
    store.dispose()


def test_who_waits_gets_its_turn_when_the_holder_lets_go(path):
    store = SqliteStore(path, busy_ms=20_000)
    with shell(path) as holder:
        holder.execute("BEGIN IMMEDIATE")
        looks = []
        waiting = threading.Thread(target=lambda: looks.append(act(store)))
        waiting.start()
        waiting.join(timeout=0.2)
        assert waiting.is_alive()
        holder.execute("COMMIT")
        waiting.join()
    assert looks[0].added[0].seq == 1
    store.dispose()


def test_a_thread_that_holds_the_connection_makes_others_busy_after_the_bound(path):
    store = SqliteStore(path, busy_ms=100)
    with store._writing():
        failed = []

        def other():
            try:
                act(store)
            except StoreBusy as error:
                failed.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(failed) == 1
    assert act(store).added[0].seq == 1
    store.dispose()


def test_what_goes_wrong_in_the_middle_is_taken_back_whole(path, monkeypatch):
    store = SqliteStore(path)
    act(store)
    monkeypatch.setattr(SqliteStore, "_touch", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("broken")))
    with pytest.raises(StoreError, match="broken"):
        act(store, "b")
    monkeypatch.undo()
    assert store.last_seq() == 1
    assert act(store, "b").added[0].seq == 2
    store.dispose()


def test_a_text_that_cannot_be_stored_is_an_error_of_ours_and_nothing_is_written(path):
    store = SqliteStore(path)
    with pytest.raises(StoreError):
        store.append([entry("a", file("half \ud800"))], ASKED, me=Session("a"))
    assert store.last_seq() == 0
    assert act(store).added[0].seq == 1
    store.dispose()


# ── the disk ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_loses_nothing_that_was_there(path):
    store = SqliteStore(path)
    act(store)
    with store._reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(StoreError, match="full"):
        _fill(store)
    kept = store.last_seq()
    assert kept > 1
    assert store.check() == []
    with store._reading() as db:
        db.execute("PRAGMA max_page_count = 100000000")
    assert act(store, "b").added[0].seq == kept + 1
    store.dispose()


def _fill(store):
    for number in range(1000):
        act(store, "a", f"{number}-{'x' * 500}.py")


def test_a_file_that_may_not_grow_loses_nothing_that_was_there(path):
    """A quota, as the system says it: the write itself fails."""
    script = (
        "import resource, sys\n"
        "from tests.stores.test_sqlite_file import *\n"
        "store = SqliteStore(sys.argv[1]); act(store)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "said = ''\n"
        "for number in range(5000):\n"
        "    try: act(store, 'a', f'{number}.py')\n"
        "    except StoreError as error: said = str(error); break\n"
        "print(store.last_seq() == number + 1, said)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True")
    assert "I/O" in done.stdout or "full" in done.stdout
    store = SqliteStore(path)
    assert store.check() == []
    assert store.last_seq() > 1
    store.dispose()


def test_a_directory_that_may_not_be_written_is_an_error_of_ours(path):
    SqliteStore(path).dispose()
    script = (
        "import os, sys\n"
        "from tests.stores.test_sqlite_file import *\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "for name in ('ledger.db', 'new.db'):\n"
        "    try: act(SqliteStore(os.path.join(sys.argv[1], name)))\n"
        "    except StoreError as error: print(type(error).__name__)\n"
    )
    directory = Path(path).parent
    Path(path).chmod(0o644)
    for above in directory.parents:
        with contextlib.suppress(PermissionError):
            above.chmod(above.stat().st_mode | 0o005)
    directory.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(directory)], cwd=ROOT, capture_output=True, text=True, check=True
        )
    finally:
        directory.chmod(0o755)
    assert done.stdout.split() == ["StoreError", "StoreError"]
    assert os.listdir(directory) == ["ledger.db"]


# ── damage ────────────────────────────────────────────────────────────────────────────────────────────────────────


def damaged(path, how):
    """A ledger of 300 actions with something wrong in its file."""
    stage = Ledger(Path(path).parent, "sqlite")
    for number in range(300):
        stage.acts(f"s{number % 3}", file(f"{number}.py"), reason="x" * (number * 37 % 3000))
    stage.store.dispose()
    data = bytearray(Path(path).read_bytes())
    Path(path).write_bytes(how(data))


DAMAGE = {
    "no header": lambda data: b"\0" * 100 + data[100:],
    "not a database": lambda _: b"this is not a database\n" * 999,
    "empty": lambda _: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "cut in the middle of a page": lambda data: data[: len(data) // 2 + 300],
    "no schema": lambda data: data[:100] + b"\0" * 924 + data[1024:],
}


@pytest.mark.parametrize("how", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_as_such_and_nothing_in_it_is_overwritten(path, how):
    """The table of faults: silently empty and then overwritten."""
    damaged(path, how)
    before = Path(path).read_bytes()
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=r"ledger\.db"):
            opens_and_acts(path)
    assert Path(path).read_bytes() == before


def test_a_ledger_that_does_not_open_is_let_go_of(path, monkeypatch):
    SqliteStore(path).dispose()
    with shell(path) as db:
        db.execute("DROP TABLE meta")
    made = []

    def noted(*given):
        made.append(connect(*given))
        return made[-1]

    monkeypatch.setattr("sidelight.stores.sqlite.file.connect", noted)
    with pytest.raises(StoreError, match="no such table"):
        SqliteStore(path)
    (left,) = made
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        left.execute("SELECT 1")


def test_damage_that_no_action_meets_is_found_by_the_check(path):
    damaged(path, lambda data: data[:-40_000] + b"\xee" * 4096 + data[-35_904:])
    store = SqliteStore(path)
    assert store.check()
    store.dispose()


def test_what_was_answered_under_a_key_makes_room_with_its_action(sqlite):
    """Of a file that is too large the oldest goes, not all there is (design 4: size-bounded)."""
    for number in range(60):
        sqlite.acts(f"s{number}", file("shared.py"), key=f"toolu_{number}")
    with shell(sqlite.store.path) as db:
        pages, free, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        most = (pages - free) * size * 3 // 4
    while sqlite.store.prune(older_than_ms=10**10, max_bytes=most, batch=5):
        pass
    left = [one.seq for one in sqlite.store.follow(0)]
    assert 20 < len(left) < 60
    assert sqlite.store.delivered("toolu_0") == ()
    assert [one.seq for one in sqlite.store.delivered("toolu_59")] == [60]
