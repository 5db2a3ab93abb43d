// Board and hardware specific configuration
#define MICROPY_HW_BOARD_NAME               "Sharvi ESP32-S3 EC200U"
#define MICROPY_HW_MCU_NAME                 "ESP32-S3"

// The REPL is on UART0, too: for boards with a USB-UART that do not use the chip's own USB.
#define MICROPY_HW_ENABLE_UART_REPL         (1)
