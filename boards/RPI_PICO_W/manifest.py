include("$(PORT_DIR)/boards/manifest.py")
require("bundle-networking")
require("aioble")  # as upstream's RPI_PICO_W has them
include("../../manifest.py")
include("../common/manifest.py")
module("board.py", base_path="../RPI_PICO", opt=2)
