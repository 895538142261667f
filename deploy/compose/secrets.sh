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
# A rehearsal: in production the keys have a database of their own, with backups of their own.
[ -s secrets/keys_database ] || cp secrets/console_database secrets/keys_database

# The HTTP intake: an authority of this rehearsal, the intake's own certificate, and one for the caller of callers.toml.
of_p256() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
issue() { # $1 certificate, $2 key, $3 subject, $4 what else it says
  of_p256 "$2"
  printf '%s\n' "$4" > secrets/extensions
  openssl req -new -key "$2" -subj "$3" |
    openssl x509 -req -CA secrets/intake_authority -CAkey secrets/intake_authority_key -set_serial "0x$(openssl rand -hex 8)" \
      -days 825 -extfile secrets/extensions -out "$1" 2>/dev/null
  rm secrets/extensions
}
if [ ! -s secrets/intake_authority ]; then
  of_p256 secrets/intake_authority_key
  openssl req -x509 -new -key secrets/intake_authority_key -subj "/CN=jardem rehearsal" -days 825 \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out secrets/intake_authority
fi
[ -s secrets/intake_certificate ] ||
  issue secrets/intake_certificate secrets/intake_key /CN=http-intake \
    "subjectAltName=DNS:http-intake,DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth"
[ -s secrets/caller.crt ] || issue secrets/caller.crt secrets/caller.key /CN=rehearsal extendedKeyUsage=clientAuth

# Grafana and Prometheus read theirs under users of their own.
chmod 644 secrets/grafana_password secrets/intake_authority
for name in sms_token console_users; do
  [ -s "secrets/$name" ] || echo "secrets/$name is yours to put in" >&2
done
# Compose mounts the files as they are: they have to belong to who reads them, the image's user.
if [ "$(id -u)" = 0 ]; then
  for name in pseudonym_key master_key keys_database console_key console_database console_users sms_token intake_certificate intake_key; do
    [ ! -e "secrets/$name" ] || chown 10001:10001 "secrets/$name"
  done
else
  echo "not run by root: the files in ./secrets have to be given to the image's user, 10001" >&2
fi
