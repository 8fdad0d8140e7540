#!/bin/sh
# Copies FOLDER into the present folder, at MEGABYTES a second at most: copy.sh FOLDER MEGABYTES
# What rsync prints is understood by the preset "rsync"; for pv and dd the shell says it in JSON.
set -eu
folder=$1 megabytes=$2

percents() {
    while read -r percent; do printf '{"percent": %s}\n' "$percent" >&"$MILEPOST_PROGRESS_FD"; done
}

if command -v rsync > /dev/null; then
    rsync --archive --no-inc-recursive --info=progress2 --bwlimit="${megabytes}m" -- "$folder" .
elif command -v pv > /dev/null; then
    size=$(du -sb -- "$folder" | cut -f 1)
    tar --create --file - --directory / -- "${folder#/}" |
        { pv --numeric --size "$size" --rate-limit "${megabytes}m" 2>&3 | tar --extract --file -; } 3>&1 |
        percents
else
    echo "neither rsync nor pv is here: dd copies, as fast as it can"
    kilobytes=$(du -sk -- "$folder" | cut -f 1)
    : > copy.tar
    tar --create --file - --directory / -- "${folder#/}" | dd bs=64k of=copy.tar 2> /dev/null &
    copying=$!
    while kill -0 "$copying" 2> /dev/null; do
        done=$(($(wc -c < copy.tar) / 1024))
        printf '{"done": %s, "total": %s}\n' "$done" "$kilobytes" >&"$MILEPOST_PROGRESS_FD"
        sleep 0.2
    done
    wait "$copying"
fi
echo "copied $(du -sh . | cut -f 1)"
