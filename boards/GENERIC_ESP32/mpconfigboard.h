// Board and hardware specific configuration
#define MICROPY_HW_BOARD_NAME               "ESP32 with Quectel module"
#define MICROPY_HW_MCU_NAME                 "ESP32"
