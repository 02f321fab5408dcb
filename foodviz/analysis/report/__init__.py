"""Every figure by one call, and one page that holds them all."""

from foodviz.analysis.report.report import Report, report

__all__ = ["Report", "report"]
