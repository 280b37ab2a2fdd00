#!/bin/sh
# Postgres' archive_command: `archive-wal.sh %p %f FOLDER`. A segment gets its name only once it is whole and on the disk. One
# that is there already is fine if it is the same (Postgres repeats itself after a crash), and never written over.
set -eu
target="$3/$2"
if [ -e "$target" ]; then
  cmp -s "$1" "$target"
  exit
fi
partial="$target.partial"
cp "$1" "$partial"
sync "$partial"
mv "$partial" "$target"
sync "$3"
