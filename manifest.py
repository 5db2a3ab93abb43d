# What a firmware build freezes. Two ways:
#
#     include("/path/to/micropython-quectel/manifest.py")              in a manifest of your own, beside the board's
#     make BOARD=... FROZEN_MANIFEST=/path/to/.../manifest.py          the port's own modules come along
#
# part="tcp", "tls" or "coap" as an argument of include() leaves out what the others need, port=False the port's
# modules; manifests/ has a file for each part to name as FROZEN_MANIFEST.

import os

options.defaults(part="all", port=True)

# How the names of modules begin that a part does without
TLS = ("tls", "files", "suites", "identity")
COAP = ("coap", "models/bc95g")
SOCKETS = ("models/_lte", "models/_nb", "models/bc25", "models/bc65", "models/bg96", "models/ec200u")
LEFT_OUT = {"all": (), "tcp": TLS + COAP, "tls": COAP, "coap": TLS + SOCKETS}

if options.part not in LEFT_OUT:
    raise ValueError("part must be one of %s, not %r" % (", ".join(sorted(LEFT_OUT)), options.part))

if "freeze" not in globals():  # a package for mip; a firmware's manifests have one metadata() between them, at most
    metadata(
        description="Driver for Quectel cellular modules: TCP, UDP, TLS and CoAP over AT commands",
        version="0.1.0",
        license="MIT",
    )
elif options.port:
    include("$(PORT_DIR)/boards/manifest.py")

package(
    "quectel",
    files=[
        name
        for name in sorted(
            os.path.relpath(os.path.join(folder, file), "lib/quectel").replace(os.sep, "/")
            for folder, _, files in os.walk("lib/quectel")
            for file in files
            if file.endswith(".py")
        )
        if not name.startswith(LEFT_OUT[options.part])
    ],
    base_path="lib",
    opt=2,
)
