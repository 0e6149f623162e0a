"""The archive on disk: a record that validators written by others accept, decades later, without this program."""
