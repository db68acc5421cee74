"""The catalogue: algorithms that need no code, only a service file.

scikit-learn and torch learn; what they learnt is kept as arrays and answered by numpy alone, so a model
holds no pickle, and nobody who serves one needs the library that trained it (docs/adr/0021).
"""
