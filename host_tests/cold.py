"""Which functions of the driver may take their frame from the heap, hold a slice or make an object, and why.

Every other function of these modules runs for each read, line, part or turn, and must do without. A new function is
held to it until it is named here.
"""

MADE = "runs once, when something is made"
SETS = "sets something up"
STEPS = "a step of a procedure: opening, closing, bring-up, the caller's own command"
GIVES = "gives the caller an object that was asked for"
FAILS = "makes the exception that is raised"
TRACED = "runs with a trace alone"
WATCHED = "a URC that somebody watches costs a bytes object"
LATE = "a command has timed out"
LEFT = "behind a read() or readline() that has not come to its end"

COLD = {
    "_compat": {"__init__": MADE, "Store": MADE, "poller": MADE, "makefile": GIVES, "utc_now": GIVES,
                "any_number": MADE},
    "text": {"__init__": MADE, "text": GIVES, "fields": GIVES, "decode": GIVES, "checked": STEPS, "in_range": STEPS,
             "check_callable": STEPS, "masked": TRACED},
    "ring": {"__init__": MADE, "give": GIVES, "_give": GIVES, "copy": GIVES},
    "parser": {"__init__": MADE},
    "heads": {},
    "table": {"__init__": MADE},
    "command": {"__init__": MADE, "name": GIVES, "has": STEPS, "leave": STEPS, "is_behind": STEPS, "served": STEPS},
    "intake": {"__init__": MADE, "_say": TRACED},
    "framing": {"__init__": MADE},
    "urcs": {"_collect": WATCHED, "_views": "after AT+QICFG"},
    "lines": {},
    "sending": {"__init__": MADE, "_say_command": TRACED},
    "acks": {"__init__": MADE},
    "agenda": {"__init__": MADE},
    "resync": {"__init__": MADE, "_count_alike": LATE},
    "transparent": {"__init__": MADE},
    "engine": {"__init__": MADE, "start": STEPS, "_refill_from": STEPS, "_fetched": STEPS},
    "base_socket": {
        "__init__": MADE, "settimeout": SETS, "bind": SETS, "_open_steps": STEPS, "_begin_open": STEPS,
        "_listen_steps": STEPS, "_check_shut": STEPS, "pair": STEPS, "_check_peer": STEPS,
        "_marked": STEPS,
        "_error": FAILS, "slot_error": FAILS, "would_block": FAILS, "in_progress": FAILS, "_accepted": GIVES,
        "_bytes": GIVES,
        "_give_back": LEFT, "_from_back": LEFT,
    },
    "peers": {
        "_hear": STEPS, "_serve_steps": STEPS, "_aim": STEPS, "_aim_steps": STEPS,
        "_begin_aim": STEPS, "_sender": GIVES, "_unacked_steps": STEPS,
    },
    "modem": {
        "_check_kinds": STEPS,
        "__init__": MADE, "find_family": MADE, "on_urc": SETS, "take_slot": STEPS,
        "open": STEPS, "line": STEPS, "listen": STEPS, "_configure": STEPS, "_command": STEPS,
        "background": STEPS,
        "utc": GIVES, "_hand_out": WATCHED, "_call_handler": WATCHED,
    },
    "life": {
        "status": GIVES, "ifconfig": GIVES, "_connect": STEPS, "_disconnect": STEPS, "_set_clock": STEPS,
        "keep_online": SETS, "save": GIVES, "_restore": STEPS,
    },
    "sync_socket": {
        "__init__": MADE, "connect": STEPS, "listen": STEPS, "accept": GIVES, "recv": GIVES, "recvfrom": GIVES,
        "read": GIVES, "_read_all": GIVES, "readline": GIVES, "makefile": GIVES,
    },
    "sync": {
        "__init__": MADE, "run": STEPS, "connect": STEPS, "disconnect": STEPS, "set_clock": STEPS, "command": STEPS,
        "socket": STEPS, "create_connection": STEPS, "resolve": STEPS, "ping": STEPS, "ntp": STEPS,
        "dns_servers": STEPS, "config": STEPS, "power_on": STEPS, "power_off": STEPS,
        "restore": STEPS,
    },
}  # fmt: skip

# Modules, each behind those that it imports; dictionaries of MicroPython have no order.
ORDER = (
    "_compat", "errors", "text", "ring", "parser", "heads", "table", "command", "intake", "framing", "urcs", "lines",
    "sending", "acks", "agenda", "resync", "transparent", "engine", "procedure", "opening", "network", "services",
    "pdp", "registration", "contact", "bringup", "life", "modem", "peers", "base_socket", "sync_socket", "sync",
)  # fmt: skip

COLD_MODULES = {
    "__init__": "loads the others",
    "errors": FAILS,
    "opening": STEPS,
    "datagrams": STEPS,
    "procedure": STEPS,
    "network": STEPS,
    "pdp": STEPS,
    "registration": STEPS,
    "contact": STEPS,
    "key": STEPS,
    "bringup": STEPS,
    "status": STEPS,
    "recovery": "look() alone runs each turn, and is measured where it must not allocate",
    "tls": STEPS,
    "suites": "when one is named",
    "identity": "when a certificate and its key are given",
    "files": STEPS,
    "services": STEPS,
    "diagnostics": STEPS,
    "settings": STEPS,
    "coap": "a message is an object",
    "coap_traffic": "a message is an object",
    "coap_context": STEPS,
    "coap_resources": "a message is an object",
    "coap_wire": STEPS,
    "coap_message": "a message is an object",
    "power": STEPS,
    "psm": STEPS,
    "sleeping": STEPS,
    "saving": STEPS,
    "sockets": "sets sockets up for clients; what moves bytes is sync_socket's",
    "_acompat": "of the asyncio face",
    "aio": "a coroutine is an object; the docstrings say what they cost",
    "aio_socket": "a coroutine is an object; the docstrings say what they cost",
}
