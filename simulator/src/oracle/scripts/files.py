# Prints every file of one brick, or of one volume through a mount made for this reading alone, as one JSON object.
#
# Arguments: "brick" FOLDER, or "mount" VOLUME SERVER [SERVER ...].
# "files" has [size, sha256] by name, "errors" the reasons why others could not be read. Names are relative; what is
# not UTF-8 in them is replaced.
# Written for Python 2.7 and 3.
import hashlib, json, os, signal, stat, subprocess, sys, tempfile

# Gluster's own folders at the top of a brick; .shard holds pieces of files, not files.
OWN = (b".glusterfs", b".shard", b".trashcan", b".glusterfs-anonymous-inode")


def digest(path):
    total, sha = 0, hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total += len(block)
            sha.update(block)
    return [total, sha.hexdigest()]


def is_pointer(path, info):
    # DHT leaves an empty file with mode 1000 where a name hashes to but its file is not (dht-linkfile.c).
    return info.st_size == 0 and stat.S_IMODE(info.st_mode) == 0o1000


def refuse(error):
    raise error


def read(root):
    root, files, errors = root.encode(), {}, {}
    for folder, folders, names in os.walk(root, onerror=refuse):
        if folder == root:
            folders[:] = [name for name in folders if not name.startswith(OWN)]
        for name in names:
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, root).decode("utf-8", "replace")
            try:
                info = os.lstat(path)
                if stat.S_ISREG(info.st_mode) and not is_pointer(path, info):
                    files[shown] = digest(path)
            except (IOError, OSError) as error:
                errors[shown] = "%s" % (error,)
    return {"files": files, "errors": errors}


def quiet(argv):
    child = subprocess.Popen(argv, stdin=open(os.devnull), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = child.communicate()[0].decode("utf-8", "replace")
    return child.returncode, out.strip()[:300]


def is_mounted(folder):
    with open("/proc/mounts") as mounts:
        rows = [row.split() for row in mounts]
    return any(row[1] == folder and row[2] == "fuse.glusterfs" for row in rows)


def through_mount(volume, servers):
    folder = tempfile.mkdtemp()
    try:
        argv = ["timeout", "60", "mount", "-t", "glusterfs", "-o", "ro"]
        if servers[1:]:
            argv += ["-o", "backup-volfile-servers=" + ":".join(servers[1:])]
        status, said = quiet(argv + ["%s:/%s" % (servers[0], volume), folder])
        # Without this an empty local folder would be read as an empty volume.
        if status != 0 or not is_mounted(folder):
            raise RuntimeError("mount: exit %d: %s" % (status, said))
        return read(folder)
    finally:
        if is_mounted(folder) and quiet(["timeout", "20", "umount", folder])[0] != 0:
            quiet(["timeout", "20", "umount", "-l", folder])
        os.rmdir(folder)


# The time limit around us ends us by SIGTERM; this way the mount goes, too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
found = read(sys.argv[2]) if sys.argv[1] == "brick" else through_mount(sys.argv[2], sys.argv[3:])
print(json.dumps(found))
