"""Tables as text, row after row: CSV (RFC 4180) and NDJSON, in and out.

https://www.rfc-editor.org/rfc/rfc4180 and https://github.com/ndjson/ndjson-spec
"""
