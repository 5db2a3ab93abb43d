"""BC95-G and BC68: "BC95-G&BC68 CoAP Application Note"."""

from . import Family, frozen

FAMILY = Family(
    name="BC95G",
    modules={"BC95G": "BC95-G", "BC68": "BC68"},
    revision="BC95GJBR01A07",
    features=frozenset({"basic", "coap"}),
    contexts=1,
    ids=0,
    modes=0,
    send_max=1024,
    read_max=1024,
    chain=True,
    cme_errors=True,
    tests={
        "+QCOAPCREATE": ("+QCOAPCREATE: <1-65535>",),
        "+QCOAPDEL": None,
        "+QCOAPADDRES": ('+QCOAPADDRES: (1-50),"<resource>"',),
        "+QCOAPHEAD": ("+QCOAPHEAD: <mode>[,[<msgid>][,<tkl>,<token>]]",),
        "+QCOAPOPTION": ('+QCOAPOPTION: <opt_count>,<opt_name>,"<opt_value>"[,...]',),
        "+QCOAPSEND": ("+QCOAPSEND: <type>,<method/rspcode>,<ip_addr>,<port>",),
        "+QCOAPDATASTATUS": None,
        "+QCOAPCFG": (),
    },
    options=frozen(
        prompt="\r\n>",
        variable_overflow="drop",
        coap_payload="auto",  # what typed hex digits mean: auto, raw or hex (R427)
        coap_empty_ack=False,  # an empty ACK gives a rsp URC (R432)
        coap_no_answer=3,  # status when no answer has come: 3, or 2 sending failed (R250)
        coap_one_con=True,  # a CON or NON while a CON is under way is refused with 159 (R434)
        coap_own_404=True,  # the module answers for paths that nobody has; else the host is asked (R431)
        coap_create_twice=3,  # error of QCOAPCREATE where there is a context: 3 or 50 (R430)
        coap_dedupe=True,  # a message that comes again is not reported again
        coap_rst_to_non=False,  # RST to a NON gives a rsp URC, too (R259)
        coap_format_always=False,  # option 12 is shown whatever Showrspopt says (R374)
        coap_urc_ms=0,  # time from a response to its URC; the status changes at once (R251)
    ),
)
