# FROZEN_MANIFEST for a firmware with TCP and UDP alone; the port's own modules come along.
include("../manifest.py", part="tcp")
