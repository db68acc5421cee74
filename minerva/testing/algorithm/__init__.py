"""The algorithm contract: `contract` for pytest, `run` for `minerva test`, and what both look at.

From outside in: `contract` and `run` (with `session`, in a child process) do each of `checks`; a check is
in `answers` or `conduct` and looks at one `case`: an algorithm (`origin`), its records (`data`) and its
model. What needs a fresh process goes through `fresh` to `process`, which lives one `life` and has a
`watch` kept on it. What is wrong is told as a `verdict`.
"""
