#!/bin/sh
# Compiler wrapper for Verilator's OBJCACHE: compiles Verilator's run-time files (verilated*.o, most of the build
# time of a small module) once per set of flags and copies them into every other build. All else just compiles.
store="$(dirname "$0")/../../target/testbench/.runtime"
for argument; do
  case "$argument" in verilated*.o) object="$argument" ;; esac
done
[ -n "$object" ] || exec "$@"
kept="$store/$(echo "$*" | cksum | tr ' ' '-')-$object"
mkdir -p "$store"
[ -f "$kept" ] || { "$@" && cp "$object" "$kept.$$" && mv "$kept.$$" "$kept"; } || exit 1
cp "$kept" "$object"
