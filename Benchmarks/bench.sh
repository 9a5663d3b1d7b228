#!/bin/bash
# Builds the neutral sink and runs the benchmark. usage: bench.sh BINARIES VENV [bench.py options...]
set -eu
cd "$(dirname "$0")/.."
mkdir -p .build/bench
g++ -O2 -std=gnu++20 -o .build/bench/sink Benchmarks/sink.cc -lnghttp2
exec "$2/bin/python" Benchmarks/bench.py "$1" .build/bench/sink "${@:3}"
