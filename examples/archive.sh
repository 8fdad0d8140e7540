#!/bin/sh
# Packs FOLDER into the present folder: archive.sh FOLDER none|fast|best [--verbose]
# The descriptor MILEPOST_PROGRESS_FD takes lines of JSON; this is all the helper that a shell needs:
say() { [ -z "${MILEPOST_PROGRESS_FD:-}" ] || printf '%s\n' "$1" >&"$MILEPOST_PROGRESS_FD"; }

set -eu
folder=$1 compression=$2
name=$(basename -- "$folder").tar

say '{"stage": "Measuring"}'
kilobytes=$(du -sk -- "$folder" | cut -f 1)
echo "$folder has $kilobytes kB"

case $compression in
    none) set -- "$name" "" "${3:-}" ;;
    fast) set -- "$name.gz" "gzip -1" "${3:-}" ;;
    best) set -- "$name.gz" "gzip -9" "${3:-}" ;;
esac

say '{"stage": "Packing", "preserved": "nothing: half an archive is none"}'
# A checkpoint is 10 kB of the archive before it is compressed; one report for each 2 MB.
report='exec=printf "{\"done\": %s0, \"total\": '"$kilobytes"'}\n" "$TAR_CHECKPOINT" >&'"${MILEPOST_PROGRESS_FD:-1}"
tar --create --file "$1" ${2:+--use-compress-program="$2"} ${3:+--verbose} \
    --checkpoint=200 --checkpoint-action="$report" \
    --directory "$(dirname -- "$folder")" -- "$(basename -- "$folder")"

say '{"stage": "Checking"}'
files=$(tar --list --file "$1" | wc -l)
echo "$1 has $files entries and $(wc -c < "$1") bytes"
