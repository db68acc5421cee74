"""Tables as text, row after row: CSV (RFC 4180), in and out.

https://www.rfc-editor.org/rfc/rfc4180
"""
