#!/bin/sh
# One database, one owner and one service role for each service. The service role can only do what `migrate` grants it.
set -eu

create() {
  service="$1"
  password="$2"
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v service="$service" -v owner="${service}_owner" -v database="lienthe_${service}" \
    -v password="$password" -v owner_password="$OWNER_PASSWORD" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"owner" ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"service";
SQL
}

create clubs "$CLUBS_PASSWORD"
create trainings "$TRAININGS_PASSWORD"
create monitoring "$MONITORING_PASSWORD"
create reporting "$REPORTING_PASSWORD"
