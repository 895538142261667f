#!/bin/sh
# Makes the secrets that compose.yaml mounts, once; what is there already stays. The token of the SMS API and the console's
# users are yours to put in: ./secrets/sms_token, and `jardem console users add` for ./secrets/console_users.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
for name in pseudonym_key master_key console_key postgres_password grafana_password; do
  [ -s "secrets/$name" ] || openssl rand -hex 32 | tr -d '\n' > "secrets/$name"
done
[ -s secrets/console_database ] ||
  printf 'postgresql://jardem:%s@postgres/jardem' "$(cat secrets/postgres_password)" > secrets/console_database
# Grafana reads its own under a user of its own.
chmod 644 secrets/grafana_password
# A rehearsal: in production the keys have a database of their own, with backups of their own.
[ -s secrets/keys_database ] || cp secrets/console_database secrets/keys_database
for name in sms_token console_users; do
  [ -s "secrets/$name" ] || echo "secrets/$name is yours to put in" >&2
done
# Compose mounts the files as they are: they have to belong to who reads them, the image's user.
if [ "$(id -u)" = 0 ]; then chown 10001:10001 secrets/pseudonym_key secrets/master_key secrets/keys_database secrets/console_* secrets/sms_token 2>/dev/null || true; fi
