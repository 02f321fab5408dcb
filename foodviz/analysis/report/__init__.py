"""Every figure by one call, and one page that holds them all."""

from foodviz.analysis.report.writing import Report, Writing, report

__all__ = ["Report", "Writing", "report"]
