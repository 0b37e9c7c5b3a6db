"""Own what the Python of a Ray job runs before the job's own script: the folder is on its path."""
