"""2,000 listeners in one process: they connect, and tell by one line on stdout whenever all of them have got the next message.

Sockets and epoll without asyncio, so that it is the server which is measured. Its orders are arguments: port, listeners, messages.
"""

import resource
import select
import socket
import sys


def main() -> None:
    port, listeners, messages = map(int, sys.argv[1:4])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    epoll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(listeners):
        made = socket.create_connection(("127.0.0.1", port), timeout=60)
        made.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: bench\r\n\r\n")
        made.setblocking(False)
        sockets[made.fileno()] = made
        epoll.register(made.fileno(), select.EPOLLIN)
    opened = 0
    got = dict.fromkeys(sockets, -1)  # the first message says where the stream begins
    reached = [0] * (messages + 1)
    told = 0
    while told < messages:
        for number, _ in epoll.poll():
            try:
                data = sockets[number].recv(1 << 16)
            except BlockingIOError:
                continue
            if not data:
                sys.exit("a listener was dropped")
            for _ in range(data.count(b"\ndata: ")):
                got[number] += 1
                if got[number] == 0:
                    opened += 1
                    if opened == listeners:
                        print("open", flush=True)
                else:
                    reached[got[number]] += 1
        while told < messages and reached[told + 1] == listeners:
            told += 1
            print(told, flush=True)


if __name__ == "__main__":
    main()
