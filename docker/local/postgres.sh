#!/bin/bash
# Makes a new cluster where the volume is empty, as PostgreSQL's official image does, then becomes the server.
set -euo pipefail
user=${POSTGRES_USER:-postgres}

secret() { # the value of a variable, or the content of the file that NAME_FILE names
  local file=$1_FILE
  if [[ -n ${!file:-} ]]; then cat "${!file}"; else printf %s "${!1:-}"; fi
}

make_cluster() {
  local password
  password=$(secret POSTGRES_PASSWORD)
  if [[ -z $password ]]; then
    echo "POSTGRES_PASSWORD is not set, and neither is POSTGRES_PASSWORD_FILE: the new database needs a password." >&2
    exit 1
  fi
  # A cluster that is half made would look like one that is whole at the next start.
  trap 'find "$PGDATA" -mindepth 1 -delete' EXIT
  initdb --username="$user" --pwfile=<(printf '%s\n' "$password") --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl start --silent --wait --options="-c listen_addresses=''"
  local database=${POSTGRES_DB:-$user}
  [[ $database == postgres ]] || createdb --username="$user" "$database"
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) bash -euo pipefail "$file" ;;
      *.sql) psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username="$user" --dbname="$database" --file="$file" ;;
    esac
  done
  pg_ctl stop --silent --wait --mode=fast
  trap - EXIT
}

[[ -s $PGDATA/PG_VERSION || ${1:-postgres} != postgres ]] || make_cluster
if [[ ${1:-postgres} == postgres ]]; then
  exec postgres -c listen_addresses='*' "${@:2}"
fi
exec "$@"
