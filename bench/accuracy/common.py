"""What the Python programs of this benchmark share: the data sets, and what runs a method on one.

common.R says what the files of a data set are and what a method gets and returns.
"""
import csv
import sys
from collections import namedtuple
from time import perf_counter as now

import numpy as np

# A predictor: its values (of factors the codes), its kind and the number of levels.
Column = namedtuple("Column", "values kind levels")
# Columns, outcome, rows for validation, and the number of classes (0 for a regression).
Part = namedtuple("Part", "columns y validation classes")


def read_set(folder, name):
    """Columns by role."""
    with open(f"{folder}/{name}.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    values = np.fromfile(f"{folder}/{name}.values").reshape(len(lines), -1)
    columns = {role: [] for role in ("predictor", "outcome", "test", "validation")}
    for line, column in zip(lines, values):
        levels = len(line["levels"].split("|")) if line["levels"] else 0
        columns[line["role"]].append(Column(column, line["kind"], levels))
    return columns


def take_part(columns, rows, seed):
    """What of a set lies in some rows."""
    (outcome,) = columns["outcome"]
    validation = columns["validation"][(seed - 1) % len(columns["validation"])]
    taken = [Column(column.values[rows], *column[1:]) for column in columns["predictor"]]
    y = outcome.values[rows]
    y = y.astype(np.int64) if outcome.levels else y
    return Part(taken, y, validation.values[rows] == 1, outcome.levels)


def one_hot(columns, expands, two_as_one=False):
    """A column for each level of the factors whose kind `expands` names, others as they are.

    With `two_as_one`, two levels become one column of +1 and -1.
    """
    def encode(column):
        if column.kind not in expands:
            return column.values[:, None]
        hot = column.values[:, None] == np.arange(column.levels)
        return hot[:, :1] * 2.0 - 1 if two_as_one and column.levels == 2 else hot * 1.0

    return np.concatenate([encode(column) for column in columns], axis=1)


def standardized_outcome(part):
    """Numbers with mean 0 and sd 1 in the rows that are trained on, and the way back."""
    center, spread = (f(part.y[~part.validation]) for f in (np.mean, np.std))
    return (part.y - center) / spread, lambda y: center + spread * y


def run_method(trainers):
    """Trains and predicts as the command line asks for; `trainers` has a function a method."""
    folder, data, method, seed, threads = sys.argv[1:]
    seed = int(seed)
    columns = read_set(folder, data)
    test = columns["test"][0].values == 1
    part = take_part(columns, ~test, seed)
    start = now()
    predict = trainers[method](part, seed, int(threads))
    seconds = now() - start
    prediction = predict(take_part(columns, test, seed).columns)
    prediction.T.astype(np.float64).tofile(f"{folder}/prediction")
    print(f"{seconds:.3f}")
