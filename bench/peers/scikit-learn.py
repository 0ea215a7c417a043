"""scikit-learn's MLPRegressor."""
import warnings

from sklearn import __version__
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

WHAT = "ReLU, mini-batches, SGD"


def train(x, y, work, threads):
    warnings.simplefilter("ignore", ConvergenceWarning)
    MLPRegressor(
        hidden_layer_sizes=work["units"],
        activation="relu",
        solver="sgd",
        alpha=0,
        batch_size=work["batch_size"],
        learning_rate_init=work["learn_rate"],
        max_iter=work["epochs"],
        tol=0,
        n_iter_no_change=work["epochs"] + 1,
        momentum=0,
        nesterovs_momentum=False,
    ).fit(x, y.ravel())
