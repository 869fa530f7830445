"""From a dataset to findings: orders encoded, pairs tested, groups judged."""
