# Writes small files into a folder of a mounted volume, and says of each operation what became of it.
#
# Arguments: FOLDER SEED OPERATIONS_PER_SECOND STOP_FILE
# One JSON object a line on standard output: "start", then for each operation "intent" before it and "ack" or "error"
# after it, and "done" at the end. An acknowledged operation was synced, the file and its folder both.
# It ends at SIGTERM or when STOP_FILE is there, which must not be in the volume: a hung volume would hide it.
# Written for Python 3.6 and later, since old families have no newer one.
import errno, hashlib, json, os, random, signal, sys, time

folder, seed, rate, stop_file = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
SUBFOLDERS = 16
FILES = 4000  # Then files are only written anew, so that a long run stays quick to verify.
chance, stopping = random.Random(seed), []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
counts = {"acks": 0, "errors": 0}


def say(kind, **facts):
    print(json.dumps(dict(kind=kind, **facts)), flush=True)


def content():
    # Mostly small; now and then one that takes several writes of FUSE's 128 KiB.
    size = chance.choice([0, 1, 100, 1000, 4096, 4097, 10000, 10000, 16384, 65536, 300000])
    # 3.6 has no randbytes, and refuses to draw no bits at all.
    source = random.Random(chance.getrandbits(64))
    return source.getrandbits(size * 8).to_bytes(size, "little") if size else b""


def sync_folder(path):
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Failed(Exception):
    def __init__(self, step, error):
        super().__init__(step)
        self.step, self.error = step, error


class step:
    """Notes which part of an operation failed."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, OSError):
            raise Failed(self.name, error)


def write(path, data, how):
    with step("open"):
        handle = os.open(path, os.O_WRONLY | how, 0o644)
    try:
        with step("write"):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest):]
        with step("fsync"):
            os.fsync(handle)
    except Failed:
        try:
            os.close(handle)
        except OSError:
            pass  # The first failure is the one to tell.
        raise
    with step("close"):
        os.close(handle)
    with step("fsync of the folder"):
        sync_folder(os.path.dirname(path))


def rename(old, new):
    with step("rename"):
        os.rename(old, new)
    for parent in sorted({os.path.dirname(old), os.path.dirname(new)}):
        with step("fsync of the folder"):
            sync_folder(parent)


def name(number):
    # Names with a space, a newline and letters beyond ASCII are as good as others.
    odd = ["", "", "", " with space", "\nnewline", "-\u00fc\u4e2d"][number % 6]
    return "d%02d/f%06d%s" % (number % SUBFOLDERS, number, odd)


def place(path):
    # In bytes: what letters a name may have must not depend on the host's locale.
    return os.path.join(folder, path).encode("utf-8")


def attempt(number, facts, act):
    say("intent", n=number, t=time.time(), **facts)
    begin = time.monotonic()
    try:
        act()
        ended = dict(kind="ack", n=number)
        counts["acks"] += 1
    except Failed as failed:
        code = failed.error.errno or 0
        ended = dict(kind="error", n=number, step=failed.step, errno=code, error=errno.errorcode.get(code, "?"))
        counts["errors"] += 1
    say(t=time.time(), ms=round((time.monotonic() - begin) * 1000, 1), **ended)
    return ended["kind"] == "ack"


HOW = {
    "create": os.O_CREAT | os.O_TRUNC,
    "overwrite": os.O_TRUNC,
    "append": os.O_APPEND,
}


def operate(number, known):
    # What is known of a file is the hash of all its bytes, which goes on where more are appended. What failed is known no
    # longer: nobody can say what bytes it has.
    roll = chance.random()
    paths = list(known)
    if known and roll < 0.07:
        old, new = chance.choice(paths), name(number)
        known_hash = known.pop(old)
        if attempt(number, dict(op="rename", path=old, to=new),
                   lambda: rename(place(old), place(new))):
            known[new] = known_hash
        return
    if known and roll < 0.17:
        op, path = "append", chance.choice(paths)
        so_far = known.pop(path).copy()
    elif known and (roll < 0.32 or len(known) >= FILES):
        op, path = "overwrite", chance.choice(paths)
        so_far = hashlib.sha256()
        known.pop(path)
    else:
        op, path = "create", name(number)
        so_far = hashlib.sha256()
    data = content()
    so_far.update(data)
    facts = dict(op=op, path=path, size=len(data), sha256=so_far.hexdigest())
    if attempt(number, facts, lambda: write(place(path), data, HOW[op])):
        known[path] = so_far


for number in range(SUBFOLDERS):
    os.makedirs(os.path.join(folder, "d%02d" % number), exist_ok=True)
sync_folder(folder)
say("start", t=time.time(), seed=seed)
number, known = 0, {}
due = time.monotonic()
while not stopping and not os.path.exists(stop_file):
    number += 1
    operate(number, known)
    # Paced from the end of the last operation, not caught up with: after a stall a burst would only feed the heal.
    due = max(due + 1 / rate, time.monotonic())
    while not stopping and due > time.monotonic():
        time.sleep(max(0, min(due - time.monotonic(), 0.2)))
say("done", t=time.time(), operations=number, **counts)
