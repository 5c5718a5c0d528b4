# Closes the open changelogs of bricks that are down: renames each and notes it in its index.
#
# A brick of 8 or later that starts again renames the changelog that its end left open, and then forgets to note it in the
# index (changelog_rollover_changelog in changelog-helpers.c looks at an errno that is an older one; seen on 10.3 and 11.1).
# What was written in the last 15 s before the brick's end would never reach the secondary pool.
#
# Arguments: the bricks. Prints a line a brick: `closed NAME: BRICK`, `nothing open: BRICK`, or `failed: BRICK: why`.
import os, stat, sys, time


def index_of(folder):
    # The index in use is named by an attribute of the folder; without it there is at most one (htime_open).
    htime = os.path.join(folder, "htime")
    try:
        name = os.getxattr(htime, "trusted.glusterfs.current_htime").rstrip(b"\0").decode()
    except OSError:
        names = sorted(name for name in os.listdir(htime) if name.startswith("HTIME.") and not name.endswith(".bak"))
        if not names:
            raise RuntimeError("no index in " + htime)
        name = names[-1]
    if "/" in name or not name.startswith("HTIME."):
        raise RuntimeError("strange name of an index: %r" % name)
    return os.path.join(htime, name)


def has_records(path):
    # One line is the head, records follow (CHANGELOG_HEADER in changelog-misc.h).
    with open(path, "rb") as file:
        head = file.readline()
        return head.startswith(b"GlusterFS Changelog") and bool(file.read(1))


def close(brick):
    folder = os.path.join(brick, ".glusterfs/changelogs")
    left = os.path.join(folder, "CHANGELOG")
    if not os.path.exists(left) or not has_records(left):
        return "nothing open: " + brick
    if not stat.S_ISREG(os.lstat(left).st_mode):
        raise RuntimeError(left + " is no file")
    index = index_of(folder)
    # "SECONDS:COUNT": when the last one was closed, and how many there are.
    last, count = os.getxattr(index, "trusted.glusterfs.htime").rstrip(b"\0").decode().split(":")
    # Later than the last one, and not later than now, when the brick is still down.
    closed = int(time.time())
    if closed <= int(last):
        raise RuntimeError("the clock is behind the last changelog, %s" % last)
    place = os.path.join(folder, time.strftime("%Y/%m/%d", time.gmtime(closed)))
    if not os.path.isdir(place):
        os.makedirs(place, 0o600)
    name = os.path.join(place, "CHANGELOG.%d" % closed)
    if os.path.exists(name):
        raise RuntimeError(name + " is there already")
    os.rename(left, name)
    with open(index, "ab") as file:
        file.write(name.encode() + b"\0")
        file.flush()
        os.fsync(file.fileno())
    os.setxattr(index, "trusted.glusterfs.htime", ("%d:%d" % (closed, int(count) + 1)).encode(), os.XATTR_REPLACE)
    return "closed %s: %s" % (os.path.basename(name), brick)


worst = 0
for brick in sys.argv[1:]:
    try:
        print(close(brick))
    except Exception as error:
        print("failed: %s: %s" % (brick, error))
        worst = 1
sys.exit(worst)
