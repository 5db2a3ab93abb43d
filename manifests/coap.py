# FROZEN_MANIFEST for a firmware with CoAP of BC95-G alone; the port's own modules come along.
include("../manifest.py", part="coap")
