"""A telecom subscription product in small: the legacy SaaS that Minerva is put beside.

It has what such products have: a web UI, a database, a main subsystem, a unit that prepares data
and a unit that orchestrates. It imports nothing from Minerva and knows it only over HTTP, files
and its own database, which is the point: what works here works beside a product written in any
language.
"""
