"""The campaign of faults: real processes are killed, brokers flushed, disks filled; then it is counted."""
