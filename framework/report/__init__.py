"""A run's report: figures and one page that opens offline."""
