#!/bin/sh
# Runs once, when the volume is empty: an owner and a database for each of the two that use this server.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set temporal_password="$TEMPORAL_DATABASE_PASSWORD" --set sensorloop_password="$SENSORLOOP_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE ROLE sensorloop LOGIN PASSWORD :'sensorloop_password';
CREATE DATABASE sensorloop OWNER sensorloop;
SQL
