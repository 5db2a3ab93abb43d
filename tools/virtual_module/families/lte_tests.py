"""Answers of test commands that the LTE families share, by the FILE and TCP/IP manuals."""

FILES: "dict[str, tuple[str, ...]]" = {
    "+QFLDS": ("+QFLDS: <name_pattern>",),
    "+QFLST": ("+QFLST: <name_pattern>",),
    "+QFDEL": ("+QFDEL: <filename>",),
    "+QFUPL": ("+QFUPL: <filename>[,(1-<freesize>)[,(1-65535)[,(0,1)]]]",),
    "+QFDWL": ("+QFDWL: <filename>",),
    "+QFOPEN": ("+QFOPEN: <filename>[,(0-2)]",),
    "+QFREAD": ("+QFREAD: <filehandle>[,<length>]",),
    "+QFWRITE": ("+QFWRITE: <filehandle>[,<length>[,<timeout>]]",),
    "+QFSEEK": ("+QFSEEK: <filehandle>,<offset>[,(0-2)]",),
    "+QFPOSITION": ("+QFPOSITION: <filehandle>",),
    "+QFTUCAT": ("+QFTUCAT: <filehandle>",),
    "+QFCLOSE": ("+QFCLOSE: <filehandle>",),
}
