"""Every way to AWS: the clients, their sockets, and the time that a call may take."""
