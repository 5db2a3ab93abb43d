module("wiring.py", opt=2)
module("first_page.py", opt=2)
