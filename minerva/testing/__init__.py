"""The conformance kit: contracts that ours and third-party plugins and adapters pass alike."""
