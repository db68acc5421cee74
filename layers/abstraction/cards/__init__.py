"""Model cards: what a version is, for whom, how good, with which limits, and who let it serve.

After Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""
