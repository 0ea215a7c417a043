# Tests say what they train; nothing is chosen for them.
options(fastmlp.preset = "plain")
