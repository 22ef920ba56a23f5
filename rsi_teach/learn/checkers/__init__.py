"""One module per chapter: the checkers of its exercises, each beside right and wrong answers."""
