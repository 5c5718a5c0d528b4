# Prints the command lines of this server's bricks and its open TCP ports, one JSON object a line, until it is ended.
#
# Arguments: the seconds between two lines, and a word by which its caller ends it.
# One process for the whole watch, and none for a line: it runs beside the pool that it watches, for minutes.
# Written for Python 2.7 and 3, since old families have only the former.
import json, os, sys, time

LISTENING = "0A"  # include/net/tcp_states.h of Linux


def bricks():
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    arguments = file.read().decode("utf-8", "replace").split("\0")
            except EnvironmentError:  # it has just ended
                continue
            # A zombie has no arguments.
            if "--brick-name" in arguments:
                found.append(arguments)
    return found


def open_ports():
    found = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(path):  # there may be no IPv6
            with open(path) as file:
                rows = [row.split() for row in file.readlines()[1:]]
            found.update(int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == LISTENING)
    return sorted(found)


while True:
    sys.stdout.write(json.dumps({"bricks": bricks(), "open": open_ports()}) + "\n")
    sys.stdout.flush()
    time.sleep(float(sys.argv[1]))
