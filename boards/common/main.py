"""What the board runs when it starts: online, then a page. See first_page.py."""

import board
import first_page

first_page.main(board)
