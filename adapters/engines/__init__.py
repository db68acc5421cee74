"""Engines: clusters that train where one machine is outgrown. dask is imported in a job's process only."""
