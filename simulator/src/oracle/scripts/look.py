# Looks at one server and prints what it saw as one JSON object. It changes nothing.
#
# Arguments: the paths of the bricks this server should serve.
# Each part is {"ok": ...} or {"error": "why not"}: a part that could not be read spoils no other.
# Written for Python 2.7 and 3, since old families have only the former.
import json, os, shutil, subprocess, sys, tempfile


def run(argv):
    child = subprocess.Popen(argv, stdin=open(os.devnull), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = child.communicate()
    if child.returncode != 0:
        said = (err + out).decode("utf-8", "replace").strip()
        raise RuntimeError("%s: exit %d: %s" % (" ".join(argv[:5]), child.returncode, said[:300]))
    return out.decode("utf-8", "replace")


def text(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def which(name):
    return any(os.access(os.path.join(d, name), os.X_OK) for d in os.environ.get("PATH", os.defpath).split(":"))


def packages():
    if which("dpkg-query"):
        form = "${source:Package}\t${Package}\t${Version}\t${db:Status-Status}\n"
        rows = run(["dpkg-query", "-W", "-f", form])
    else:
        rows = run(["rpm", "-qa", "--qf", "%{SOURCERPM}\t%{NAME}\t%{VERSION}-%{RELEASE}\tinstalled\n"])
    found = []
    for row in rows.splitlines():
        source, name, version, status = row.split("\t")
        if source.split("-")[0] == "glusterfs" and status != "not-installed":
            found.append({"name": name, "version": version, "status": status})
    return found


def listeners():
    # Socket inode -> port of every listening TCP socket (state 0A), see proc(5).
    ports = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            for row in text(table).splitlines()[1:]:
                fields = row.split()
                if fields[3] == "0A":
                    ports[fields[9]] = int(fields[1].rsplit(":", 1)[1], 16)
    return ports


def process(pid, ports):
    cmdline = text("/proc/%s/cmdline" % pid).split("\0")[:-1]
    # Field 22 is the start time in ticks since boot; the name in field 2 may hold spaces and brackets.
    stat = text("/proc/%s/stat" % pid).rsplit(")", 1)[1].split()
    if not cmdline:
        return None
    exe = os.readlink("/proc/%s/exe" % pid)
    if "gluster" not in os.path.basename(exe):
        return None
    deleted = set()
    for row in text("/proc/%s/maps" % pid).splitlines():
        path = row.split(None, 5)[5] if len(row.split(None, 5)) == 6 else ""
        # Dispersed volumes make code at run time, in a file that they delete themselves (ec-code.c).
        if "/ec-code-dynamic." in path:
            continue
        if path.endswith(" (deleted)") and ("gluster" in path or "libgf" in path):
            deleted.add(path)
    open_ports = set()
    for name in os.listdir("/proc/%s/fd" % pid):
        try:
            link = os.readlink("/proc/%s/fd/%s" % (pid, name))
        except OSError:
            continue  # Closed while we looked.
        if link.startswith("socket:["):
            open_ports.add(ports.get(link[8:-1]))
    open_ports.discard(None)
    return {"pid": int(pid), "state": stat[0], "start": int(stat[19]), "exe": exe, "cmdline": cmdline,
            "deleted": sorted(deleted), "ports": sorted(open_ports)}


def processes():
    ports, found = listeners(), []
    for pid in sorted((p for p in os.listdir("/proc") if p.isdigit()), key=int):
        try:
            seen = process(pid, ports)
        except (IOError, OSError) as error:
            if error.errno in (2, 3):
                continue  # Ended while we looked, or a thread of the kernel, which has no program.
            raise
        if seen:
            found.append(seen)
    return found


def volumes():
    base, found = "/var/lib/glusterd/vols", {}
    for name in sorted(os.listdir(base)):
        if os.path.exists(os.path.join(base, name, "info")):
            found[name] = {"info": text(os.path.join(base, name, "info")),
                           "cksum": text(os.path.join(base, name, "cksum"))}
    return found


def state():
    # A folder of our own: the default place keeps every file ever asked for.
    folder = tempfile.mkdtemp()
    try:
        run(["timeout", "20", "gluster", "--mode=script", "get-state", "glusterd", "odir", folder, "file", "state"])
        return text(os.path.join(folder, "state"))
    finally:
        shutil.rmtree(folder)


def index(brick):
    base = os.path.join(brick, ".glusterfs/indices/xattrop")
    return sorted(name for name in os.listdir(base) if not name.startswith("xattrop-"))


def part(function, *arguments):
    try:
        return {"ok": function(*arguments)}
    except Exception as error:
        return {"error": "%s" % (error,)}


print(json.dumps({
    "version": part(run, ["glusterfs", "--version"]),
    "packages": part(packages),
    "glusterd_info": part(text, "/var/lib/glusterd/glusterd.info"),
    "processes": part(processes),
    "volumes": part(volumes),
    "indices": dict((brick, part(index, brick)) for brick in sys.argv[1:]),
    "state": part(state),
}))
