"""Files, tables and staging folders of batch prediction."""
