"""Wire formats that many sources share: each source of a family is a row, not code."""
