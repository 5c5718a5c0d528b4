# Prints what geo-replication's workers are run with on this host: `python3 VERSION`, `python2 VERSION`,
# `rsync VERSION`, `converter PATH`, each where it is there; `receiving N`; and at last `end`.
LC_ALL=C
export LC_ALL

for python in python3 python2 python; do
    # Python 2 says its version on stderr.
    version=$("$python" --version 2>&1) || continue
    case $version in
    "Python 2."*) echo "python2 ${version#Python }" ;;
    "Python 3."*) [ "$python" = python ] || echo "python3 ${version#Python }" ;;
    esac
done
rsync --version 2>/dev/null | sed -n '1s/^rsync  *version v\{0,1\}\([0-9][0-9.]*\).*/rsync \1/p'
for place in /usr/local/sbin /usr/share/glusterfs/scripts /usr/libexec/glusterfs/scripts; do
    [ -f "$place/glusterfs-georep-upgrade.py" ] && echo "converter $place/glusterfs-georep-upgrade.py" && break
done
# The receiving end of a session is called `secondary` from 10 on, `slave` before, and `--listen` up to 4.0.
# Processes of containers on this host are not ours.
ours=$(readlink /proc/self/ns/pid 2>/dev/null)
receiving=0
for directory in /proc/[0-9]*; do
    case $(tr '\0' ' ' <"$directory/cmdline" 2>/dev/null) in
    *python*/gsyncd.py\ secondary\ * | *python*/gsyncd.py\ slave\ * | *python*/gsyncd.py*\ --listen\ *) ;;
    *) continue ;;
    esac
    theirs=$(readlink "$directory/ns/pid" 2>/dev/null)
    [ "${theirs:-$ours}" = "$ours" ] && receiving=$((receiving + 1))
done
echo "receiving $receiving"
echo end
