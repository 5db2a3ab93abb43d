include("$(PORT_DIR)/boards/manifest.py")
include("../../manifest.py")
include("../common/manifest.py")
module("board.py", opt=2)
