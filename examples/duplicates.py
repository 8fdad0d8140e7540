"""Finds files that are there more than once, and writes them to duplicates.csv."""

import argparse
import collections
import csv
import hashlib
import json
import os


# The descriptor MILEPOST_PROGRESS_FD takes lines of JSON; this is all the helper that Python needs:
def say(**news):
    if descriptor := os.environ.get("MILEPOST_PROGRESS_FD"):
        os.write(int(descriptor), (json.dumps(news) + "\n").encode())


def look(options):
    """Files by size."""
    say(stage="Looking", message=options.folder)
    sizes = collections.defaultdict(list)
    for folder, folders, names in os.walk(options.folder):
        if not options.hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
            names = [name for name in names if not name.startswith(".")]
        for name in names:
            path = os.path.join(folder, name)
            wanted = not options.endings or name.endswith(tuple(options.endings))
            if wanted and os.path.isfile(path) and not os.path.islink(path):
                size = os.path.getsize(path)
                if size >= options.at_least:
                    sizes[size].append(path)
    return sizes


def digest(path):
    sha256 = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            sha256.update(chunk)
    return sha256.hexdigest()


def compare(sizes):
    """Groups of files with the same content."""
    several = {size: paths for size, paths in sizes.items() if len(paths) > 1}
    total = sum(size * len(paths) for size, paths in several.items()) or 1
    say(stage="Comparing", total=total, message=f"{sum(map(len, several.values()))} files")
    done, groups = 0, collections.defaultdict(list)
    for size, paths in several.items():
        for path in paths:
            try:
                groups[size, digest(path)].append(path)
            except OSError as error:
                print(error)
            done += size
            say(done=done)
    return {key: paths for key, paths in groups.items() if len(paths) > 1}


def write(groups):
    say(stage="Writing")
    with open("duplicates.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["bytes", "sha256", "path"])
        for (size, sha256), paths in sorted(groups.items(), reverse=True):
            rows.writerows([size, sha256, path] for path in paths)
    wasted = sum(size * (len(paths) - 1) for (size, _), paths in groups.items())
    print(f"{len(groups)} files are there more than once; the copies have {wasted} bytes")


parser = argparse.ArgumentParser()
parser.add_argument("--at-least", type=int, default=1)
parser.add_argument("--hidden", action="store_true")
parser.add_argument("folder")
parser.add_argument("endings", nargs="*")
write(compare(look(parser.parse_args())))
