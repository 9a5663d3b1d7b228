#!/bin/sh
# Makes the certificates that the TLS tests use. Run in this directory when one must change; the results are committed.
# The keys protect nothing: they are used on the loopback interface by tests only.
set -eu
long="-days 36500"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

key ca-key.pem
openssl req -x509 -new -key ca-key.pem $long -subj "/CN=upsertd test authority" -out ca.pem

# NAME SUBJECT-ALTERNATIVE-NAMES
request() {
    key "$1-key.pem"
    openssl req -new -key "$1-key.pem" -subj "/CN=$1" -addext "subjectAltName=$2" -out "$1.csr"
}

request server DNS:localhost,IP:127.0.0.1
request other DNS:other.example
for name in server other; do
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial $long -copy_extensions copy -out $name.pem
done

request expired DNS:localhost,IP:127.0.0.1
work=$(mktemp -d)
mkdir "$work/certs"
: > "$work/index.txt"
cat > "$work/ca.cnf" <<CNF
[ca]
default_ca = test
[test]
database = $work/index.txt
new_certs_dir = $work/certs
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
CNF
openssl ca -batch -notext -config "$work/ca.cnf" -cert ca.pem -keyfile ca-key.pem \
    -startdate 20200101000000Z -enddate 20200201000000Z -in expired.csr -out expired.pem
rm -rf "$work" ./*.csr ca.srl ca-key.pem
