"""The program around the pure packages: database, pages, commands, exports."""
