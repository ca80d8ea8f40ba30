"""The compared programs: one module for each, and a table of them."""
