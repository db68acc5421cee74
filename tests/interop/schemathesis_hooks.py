"""What Schemathesis has to be told to speak with a sidecar; it loads this, pytest does not."""

import schemathesis
from hypothesis import strategies as st

# The media type of uploads in pieces: any bytes are one.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

# Schemas cannot say what text of these types holds: rows of the service that is asked.
ROWS = {
    "text/csv": "tenure,contract\n3,One year\n",
    "application/x-ndjson": '{"tenure": 3, "contract": "One year"}\n',
    "application/xml": "<records><record><tenure>3</tenure><contract>One year</contract></record></records>",
}
for name, text in ROWS.items():
    schemathesis.openapi.media_type(name, st.just(text.encode()))
schemathesis.openapi.media_type("text/xml", st.just(ROWS["application/xml"].encode()))
