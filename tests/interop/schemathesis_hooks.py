"""What Schemathesis has to be told to speak with a sidecar; it loads this, pytest does not."""

import schemathesis

# The media type of uploads in pieces: any bytes are one.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
