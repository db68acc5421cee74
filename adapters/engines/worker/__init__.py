"""What runs on a cluster's workers: planning, reading, decoding, and a worker's part of a training."""
