"""The widgets, as the browser tests look for them."""

ONE_CELL = "one_cell.ipynb"
WIDGETS = {  # the class of each on the page
    "ManualVI": "manual-vi",
    "ChangeOfVariables": "change-of-variables",
    "NoisyDescent": "noisy-descent",
    "FunctionPosterior": "function-posterior",
}
