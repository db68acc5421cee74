"""Training data is looked at before anything is learnt from it, and refused where it fails its checks."""
