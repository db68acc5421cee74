"""Questions and answers in XML 1.0, without document types and entities.

https://www.w3.org/TR/xml/
"""
