-- The rights of a role that sessions and servers use a ledger with: what they do every day, and nothing else. It
-- cannot set a ledger up, change or drop one, or see another. Run by the ledger's owner, once the ledger is there:
--
--     psql -v role=sidelight_app -v schema=sidelight -f role.sql "postgresql://owner@db.example/team"
--
-- The schema of the ledger `?ledger=NAME` is `sidelight_NAME`. Run it again whenever you like.
\set ON_ERROR_STOP on
BEGIN;
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC;
GRANT USAGE ON SCHEMA :"schema" TO :"role";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO :"role";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA :"schema" TO :"role";
REVOKE INSERT, DELETE ON :"schema".state FROM :"role";
-- What the next version adds:
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"role";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT EXECUTE ON FUNCTIONS TO :"role";
COMMIT;
