"""Sign-in of officials: accounts, roles, sessions."""
