"""The commands of the shell, one file each.

A file says what the command does (``DESCRIPTION``), what words it takes (``add_arguments``) and runs it (``run``, which returns the exit status).
``lethe.commands.listed`` names them all; a file is imported when its command is given, so that ``lethe --help`` answers at once.
"""
