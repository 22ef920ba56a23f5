"""The chapters' explorers and still figures, one module a chapter."""
