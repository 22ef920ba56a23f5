"""Grading a class with nbgrader: the same notebooks, judged where the submission cannot reach."""
