"""Tables in files: CSV, NDJSON and Parquet, each read in one way by whoever needs rows.

Text comes in two ways, so there are two ways to cut it. What arrives byte after byte (uploads, bodies),
or is read from its beginning in any encoding (training data, the command line), is cut by characters:
`csv_text`, `ndjson_line`. A file of which workers read stretches at once is cut by bytes, and a block
of it becomes Arrow columns without a look at its rows: `text_blocks`, `csv_blocks`, `ndjson_blocks`. A
block that Arrow refuses goes through `csv_text` and `ndjson_line` too, so both agree on what a row is
and on what is said of one that is none.
"""
