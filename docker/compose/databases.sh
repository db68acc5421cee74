# Run once, by PostgreSQL's image, when its volume is new: a database and its owner for Minerva, the same for the legacy
# product, and a user who may only read what the legacy product keeps.
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'END'
\getenv minerva MINERVA_PASSWORD
\getenv legacy LEGACY_PASSWORD
\getenv reader READER_PASSWORD
CREATE ROLE minerva LOGIN PASSWORD :'minerva';
CREATE ROLE legacy LOGIN PASSWORD :'legacy';
CREATE ROLE reader LOGIN PASSWORD :'reader';
CREATE DATABASE minerva OWNER minerva;
CREATE DATABASE legacy OWNER legacy;
REVOKE CONNECT, TEMPORARY ON DATABASE minerva, legacy FROM PUBLIC;
GRANT CONNECT ON DATABASE legacy TO reader;
\connect legacy
ALTER DEFAULT PRIVILEGES FOR ROLE legacy IN SCHEMA public GRANT SELECT ON TABLES TO reader;
END
