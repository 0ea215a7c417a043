"""The versions of Python and of its modules that are measured."""
import importlib
import platform

words = [platform.python_version()]
for name in ("torch", "sklearn", "xgboost", "numpy"):
    try:
        words.append(f"{name} {importlib.import_module(name).__version__}")
    except ImportError:
        pass
print(", ".join(words))
