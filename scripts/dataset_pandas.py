"""Compares data profiles with pandas; see scripts/dataset-pandas.

Arguments: the program `milepost`, whose server is at MILEPOST_URL.
"""

import json
import math
import pathlib
import subprocess
import sys
import sysconfig

import pandas

FOLDERS = ["statsmodels/datasets", "sklearn/datasets/data", "vega_datasets/_data"]
# Notes above and below the table, which pandas takes for rows. scikit-learn writes the numbers of rows and columns and the names of the classes in place of a header.
NO_TABLES = {
    "statsmodels/datasets/scotland/src/scotland_population.csv", "sklearn/datasets/data/iris.csv", "sklearn/datasets/data/wine_data.csv", "sklearn/datasets/data/breast_cancer.csv",
}
# What pandas must be told, and the profile finds out: no header; lines above the table; names of rows without a
# heading. In airports.csv pandas takes the city "NA" for missing.
READ = {
    "statsmodels/datasets/interest_inflation/E6_jmulti.csv": {"header": None},
    "statsmodels/datasets/macrodata/src/unemp.csv": {"skiprows": 9},
    "statsmodels/datasets/scotland/src/scotvote.csv": {"index_col": 0},
    "vega_datasets/_data/airports.csv": {"keep_default_na": False},
}
NUMERIC = ("integer", "number", "boolean")
CLOSE = 1e-9


def milepost(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def profile(program, path):
    task = milepost(program, "run", "dataset", "-i", f"file=@{path}").strip()
    milepost(program, "wait", task)
    return json.loads(milepost(program, "result", task))


def table(path, delimiter, options):
    for encoding in ["utf-8", "windows-1252"]:
        try:
            frame = pandas.read_csv(path, sep=delimiter, encoding=encoding, skipinitialspace=True, low_memory=False, **options)
            return frame.reset_index() if "index_col" in options else frame
        except UnicodeDecodeError:
            continue
    raise SystemExit(f"{path}: no encoding fits")


def same(ours, theirs):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(float(ours), float(theirs), rel_tol=CLOSE, abs_tol=1e-12)


def figures(column, series):
    """Pairs of name, ours and theirs."""
    yield "missing", column["missing"], int(series.isna().sum())
    yield "count", column["count"], int(series.notna().sum())
    if column["distinct_exact"] and not pandas.api.types.is_float_dtype(series):
        yield "distinct", column["distinct"], int(series.nunique())
    numeric = column.get("numeric")
    if numeric and pandas.api.types.is_numeric_dtype(series) and series.notna().any():
        yield "min", column["min"], series.min()
        yield "max", column["max"], series.max()
        yield "mean", numeric["mean"], series.mean()
        if series.notna().sum() > 1:
            yield "std_dev", numeric["std_dev"], series.std()
        yield "q25", numeric["q25"], series.quantile(0.25)
        yield "median", numeric["median"], series.median()
        yield "q75", numeric["q75"], series.quantile(0.75)


def compare(found, frame):
    """The figures that were compared, and those that differ."""
    if found["rows"] != len(frame):
        return 1, [f"rows: {found['rows']}, pandas {len(frame)}"]
    if len(found["columns"]) != len(frame.columns):
        return 1, [f"columns: {len(found['columns'])}, pandas {len(frame.columns)}"]
    number, wrong = 2, []
    for column, name in zip(found["columns"], frame.columns):
        series = frame[name]
        # pandas has no type of its own for a column without values, and reads 20240115 as a number.
        known = series.notna().any() and column["data_type"] != "date"
        if known and pandas.api.types.is_numeric_dtype(series) != (column["data_type"] in NUMERIC):
            wrong.append(f"{name}: {column['data_type']}, pandas {series.dtype}")
        for figure, ours, theirs in figures(column, series):
            number += 1
            if not same(ours, theirs):
                wrong.append(f"{name}.{figure}: {ours}, pandas {theirs}")
    return number, wrong


def main(program):
    packages = pathlib.Path(sysconfig.get_paths()["purelib"])
    paths = [path for folder in FOLDERS for path in sorted((packages / folder).rglob("*.csv"))]
    paths = [path for path in paths if "tests" not in path.parts and str(path.relative_to(packages)) not in NO_TABLES]
    total, agree, differing = 0, 0, 0
    for path in paths:
        found = profile(program, path)
        try:
            number, wrong = compare(found, table(path, found["delimiter"], READ.get(str(path.relative_to(packages)), {})))
        except pandas.errors.ParserError as error:
            number, wrong = 1, [f"pandas: {error}"]
        total, agree, differing = total + number, agree + (not wrong), differing + len(wrong)
        if wrong:
            print(f"{path.relative_to(packages)}: {'; '.join(wrong[:6])}")
    print(f"{agree} of {len(paths)} files agree; {total - differing} of {total} figures")
    return differing > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
