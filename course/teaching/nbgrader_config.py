"""nbgrader's settings for a class; `python -m rsi_teach.grading` copies them to the class's folder.

The guide is grading.md, beside the original of this file.
"""

from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader defines it)
here = Path(__file__).parent

c.CourseDirectory.root = str(here)
c.CourseDirectory.course_id = "rsi_teach"

# Checks are marked in nbgrader's own process, and the submission's process only answers calls.
# Without these two lines a submission's own process would be believed about its result.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "rsi_teach.grading.marking.Recognise",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "rsi_teach.grading.marking.Mark",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What one submission may use. A submission that goes past one of them loses the points of the
# cell or, if its process had to be ended, of the cells after it; the others are not touched.
c.Mark.timeout = 30  # seconds for a cell that is not a check
c.Mark.notebook_seconds = 300
c.Mark.cpu_seconds = 120
c.Mark.gigabytes = 4

# Whoever knows this number knows the hidden cases. Keep it for a whole class, so that marking
# again gives the same marks.
c.Mark.seed = int((here / "hidden-cases.seed").read_text())

# Cells and outputs of a submission are somebody else's HTML: in the feedback, scripts are dead.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {"markdown2html": "rsi_teach.grading.marking.without_html"}
