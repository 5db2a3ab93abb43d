// Board and hardware specific configuration
#define MICROPY_HW_BOARD_NAME                   "Raspberry Pi Pico with NB IoT Click"
#define MICROPY_HW_FLASH_STORAGE_BYTES          (1408 * 1024)
