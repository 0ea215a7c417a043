"""Times one Python package on the peers' common work: peer.py <package> <folder> <threads>

peer.R says what peers/<package>.py holds (`WHAT`, `__version__`, `train(x, y, work, threads)`) and
what is printed.
"""
import importlib.util
import os
import sys
from time import perf_counter as now

from works import find_work, read_set

PACKAGE, FOLDER, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])


def load():
    spec = importlib.util.spec_from_file_location("peer", f"peers/{PACKAGE}.py")
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    return peer


def report(status, version="", seconds="", text=""):
    print(f'{PACKAGE},{THREADS},{version},{status},{seconds},"{text}"', flush=True)


def measure(peer, repetitions):
    work = find_work("peers", "peers")
    work["units"] = work["layers"][1]
    x, y = read_set(FOLDER, work)
    report("started", peer.__version__, text=peer.WHAT)
    few = 10 * work["batch_size"]
    peer.train(x[:few], y[:few], {**work, "epochs": 1}, THREADS)  # warms up
    for _ in range(repetitions):
        start = now()
        peer.train(x, y, work, THREADS)
        seconds = (now() - start) / work["epochs"]
        report("ok", peer.__version__, f"{seconds:.6g}")


if __name__ == "__main__":
    try:
        peer = load()
    except ImportError:
        report("missing", text="is not installed")
    else:
        measure(peer, int(os.environ.get("PEER_REPETITIONS", 3)))
