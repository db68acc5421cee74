"""The contract of a kind of step: `contract` for pytest, `trying` for `minerva test`, what both look at.

Both do each of `checks`; a check is in `declaring`, `answers`, `inputs` or `conduct` and looks at one
`case`: a step with an `example`, rows to work on. What came of each row is an `outcome`; it is run as
flows run it, by `layers.abstraction.flows.work`. What needs a fresh process is seen in its `life`.
"""
