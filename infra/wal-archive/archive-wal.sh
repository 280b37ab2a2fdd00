#!/bin/sh
# Postgres' archive_command: `archive-wal.sh %p %f FOLDER [DAYS]`. A segment gets its name only once it is whole and on the disk.
# One that is there already is fine if it is the same (Postgres repeats itself after a crash), and never written over. A segment
# of a quiet minute is 16 MiB of almost nothing, so they are compressed; after DAYS (14) they are removed: two weekly base backups.
set -eu
target="$3/$2.gz"
if [ -e "$target" ]; then
  gzip -dc "$target" | cmp -s - "$1"
  exit
fi
partial="$target.partial"
gzip -c "$1" > "$partial"
sync "$partial"
mv "$partial" "$target"
sync "$3"
find "$3" -name '*.gz' -mtime "+${4:-14}" -delete
