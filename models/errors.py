"""Errors of the models: wrong parameters, and columns that break a stage's contract."""


class ModelError(Exception):
    """Root of every error raised by the models package."""


class ParameterError(ModelError):
    """A parameter is outside its range; the message names it, the rule and the value."""


class ColumnError(ModelError):
    """Columns handed to a stage break its contract (length, order or range)."""


class ClassifierError(ModelError):
    """A fitted classifier that cannot be used, or rows that none can be fitted on."""
