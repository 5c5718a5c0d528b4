# Looks at who uses volumes on one host and prints it as one JSON object. It changes nothing.
#
# A user is a FUSE mount of Gluster, or a process that has libgfapi in memory.
# Each part is {"ok": ...} or {"error": "why not"}. Written for Python 2.7 and 3.
import json, os, subprocess


def text(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def mounts():
    found = []
    for row in text("/proc/mounts").splitlines():
        source, point, kind, options = row.split()[:4]
        if kind == "fuse.glusterfs":
            found.append({"source": source, "point": point, "options": options})
    return sorted(found, key=lambda mount: mount["point"])


def process(pid, points):
    files = set()
    for row in text("/proc/%s/maps" % pid).splitlines():
        fields = row.split(None, 5)
        if len(fields) == 6:
            files.add(fields[5])
    words = text("/proc/%s/cmdline" % pid).split("\0")[:-1]
    gfapi = any("/libgfapi.so" in name for name in files)
    # The process of a mount is called with the mount's point as its last word (mount.glusterfs).
    if not gfapi and not (words and words[-1] in points):
        return None
    # Dispersed volumes make code at run time, in a file that they delete themselves (ec-code.c).
    replaced = [name for name in files if name.endswith(" (deleted)") and ("gluster" in name or "libgf" in name)
                and "/ec-code-dynamic." not in name]
    return {"pid": int(pid), "program": text("/proc/%s/comm" % pid).strip(), "gfapi": gfapi,
            "replaced": sorted(replaced)}


def processes():
    points, found = set(mount["point"] for mount in mounts()), []
    for pid in sorted((p for p in os.listdir("/proc") if p.isdigit()), key=int):
        try:
            seen = process(pid, points)
        except (IOError, OSError) as error:
            if error.errno in (2, 3):
                continue  # Ended while we looked.
            raise
        if seen:
            found.append(seen)
    return found


def version():
    child = subprocess.Popen(["glusterfs", "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return child.communicate()[0].decode("utf-8", "replace")


def part(function, *arguments):
    try:
        return {"ok": function(*arguments)}
    except Exception as error:
        return {"error": "%s" % (error,)}


print(json.dumps({"version": part(version), "mounts": part(mounts), "processes": part(processes)}))
