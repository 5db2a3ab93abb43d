# Raspberry Pi Pico with RAK2013

set(PICO_BOARD "pico")

# The driver and the board file are frozen
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
