# FROZEN_MANIFEST for a firmware with TCP, UDP and TLS alone; the port's own modules come along.
include("../manifest.py", part="tls")
