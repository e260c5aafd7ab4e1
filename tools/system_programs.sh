#!/bin/sh
# Installs the programs that tests use as independent witnesses, where this may be done; otherwise says which
# tests will be skipped. Usage: tools/system_programs.sh
set -eu
missing=
command -v djpeg >/dev/null || missing="$missing libjpeg-turbo-progs"
command -v exiftool >/dev/null || missing="$missing libimage-exiftool-perl"
command -v convert >/dev/null || missing="$missing imagemagick"
command -v setfacl >/dev/null || missing="$missing acl"
# Compiles the kernel in C: it runs models where it is there, and its own tests need a compiler.
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
# For the browser package in export/web, which only machines with Node.js can build.
if command -v npm >/dev/null && ! command -v chromium >/dev/null; then missing="$missing chromium"; fi
# For the Android library in export/android, which is compiled and tested on the JVM (x86-64 only).
if [ "$(uname -m)" = x86_64 ]; then
    command -v javac >/dev/null || missing="$missing default-jdk-headless"
    command -v mvn >/dev/null || missing="$missing maven"
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086  # one word per package
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi
echo "tests that need these system packages will be skipped:$missing" >&2
