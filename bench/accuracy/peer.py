"""The peers that are Python modules: peer.py <folder> <data> <method> <seed> <threads>"""
import warnings

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import one_hot, run_method, standardized_outcome


def hist_boosting(part, seed, threads):
    """Default arguments; factors without an order are told to be such."""
    method = HistGradientBoostingClassifier if part.classes else HistGradientBoostingRegressor
    design = lambda columns: one_hot(columns, ())
    factors = [column.kind == "factor" for column in part.columns]
    model = method(categorical_features=factors, random_state=seed)
    model.fit(design(part.columns), part.y)
    predict = model.predict_proba if part.classes else model.predict
    return lambda columns: predict(design(columns))


def sklearn_mlp(part, seed, threads):
    """Default arguments, on standardised predictors and a standardised outcome."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    design = lambda columns: one_hot(columns, ("factor", "ordered"))
    method = MLPClassifier if part.classes else MLPRegressor
    y, back = (part.y, None) if part.classes else standardized_outcome(part)
    model = make_pipeline(StandardScaler(), method(random_state=seed)).fit(design(part.columns), y)
    if part.classes:
        return lambda columns: model.predict_proba(design(columns))
    return lambda columns: back(model.predict(design(columns)))


def xgboost(part, seed, threads):
    """As many trees as the validation rows want: none of 50 more made them better."""
    from xgboost import XGBClassifier, XGBRegressor

    design = lambda columns: one_hot(columns, ("factor",))
    method = XGBClassifier if part.classes else XGBRegressor
    model = method(
        learning_rate=0.1, n_estimators=5000, early_stopping_rounds=50, tree_method="hist",
        random_state=seed, n_jobs=threads,
    )
    x, held = design(part.columns), part.validation
    model.fit(x[~held], part.y[~held], eval_set=[(x[held], part.y[held])], verbose=False)
    predict = model.predict_proba if part.classes else model.predict
    return lambda columns: predict(design(columns))


if __name__ == "__main__":
    run_method({f.__name__: f for f in (hist_boosting, sklearn_mlp, xgboost)})
