// Nothing of its own: the file for which the tests' precompiled header is made.
