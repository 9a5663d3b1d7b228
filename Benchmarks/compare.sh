#!/bin/bash
# Builds the neutral sink and runs the comparison. usage: compare.sh BINARIES VENV [compare.py options]
set -eu
cd "$(dirname "$0")/.."
if [ ! -e /usr/include/nghttp2/nghttp2.h ]; then apt-get install -y -qq libnghttp2-dev; fi
mkdir -p .build/bench
g++ -O2 -std=gnu++20 -o .build/bench/sink Benchmarks/sink.cc -lnghttp2
"$2/bin/python" Benchmarks/compare.py "$1" .build/bench/sink "${@:3}"
