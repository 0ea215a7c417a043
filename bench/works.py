"""What the benchmark's Python scripts share: the works and their data. Run from this folder."""
import csv

import numpy as np


def works_of(section):
    """The lines of works.csv, with numbers as numbers and the layers as a list of them."""
    with open("works.csv", newline="") as file:
        works = [work for work in csv.DictReader(file) if work["section"] == section]
    for work in works:
        work["layers"] = [int(size) for size in work["layers"].split("-")]
        work["learn_rate"] = float(work["learn_rate"])
        for name in "rows", "batch_size", "epochs":
            work[name] = int(work[name] or 1)
    return works


def find_work(name, section):
    """One of them."""
    works = [work for work in works_of(section) if work["work"] == name]
    if not works:
        raise SystemExit(f"works.csv has no work '{name}' in section '{section}'")
    return works[0]


def read_set(folder, work):
    """Predictors as float32, row by row, and the outcome: int64 classes or a float32 column."""
    rows, inputs = work["rows"], work["layers"][0]
    stem = f"{folder}/{work['data']}-{rows}x{inputs}"
    x = np.fromfile(f"{stem}.x", np.float32).reshape(inputs, rows).T
    y = np.fromfile(f"{stem}.y", np.float32)
    y = y.astype(np.int64) if work["data"] == "fashion" else y[:, None]
    return np.ascontiguousarray(x), y
