# Raspberry Pi Pico with NB IoT Click

set(PICO_BOARD "pico")

# The driver and the board file are frozen
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
