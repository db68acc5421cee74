"""How images are made: shipped with the program, so that `minerva build` finds it everywhere."""
