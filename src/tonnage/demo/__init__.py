"""The service of known truth that ships with the package.

Its workers, service times, stalls and errors are what it is told, so that whatever Tonnage measures or predicts can
be held against numbers known beforehand. It refuses to know who loads it, with what, and what is concluded from it.
"""

from tonnage.demo.service import DemoConfig, DemoServer, DemoStats

__all__ = ["DemoConfig", "DemoServer", "DemoStats"]
