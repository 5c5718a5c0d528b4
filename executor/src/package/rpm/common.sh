# What the scripts for RPM hosts share.
LC_ALL=C
# Tables of transactions are broken to the width of a terminal.
COLUMNS=500
export LC_ALL COLUMNS

# Reads names of packages, one a line with anything after it, and prints the lines of Gluster's own: all that the
# spec of glusterfs makes (glusterfs.spec.in, 3.7 to 11), whatever the release at hand makes of them.
gluster_only() {
    awk '$1 ~ /^(glusterfs|glusterfs-.*|libglusterfs.*|libglusterd.*|libgluster.*|libgf(api|rpc|xdr|changelog)[0-9]*|python[23]?-gluster)$/'
}

# Prints the packages of the glusterfs source that are installed, each with its version, an epoch of 0 left out.
family() {
    rpm -qa --qf '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{SOURCERPM}\n' |
        awk '$3 ~ /^glusterfs-[0-9]/ { sub(/^0:/, "", $2); print $1, $2 }' | sort -u
}

# Whether this host serves volumes: by its package, or by what glusterd leaves where the package has gone astray.
is_server() {
    rpm -q glusterfs-server >/dev/null 2>&1 || [ -e /var/lib/glusterd/glusterd.info ]
}

# Prints the package by which the version of all the others is told.
anchor() {
    if is_server; then
        echo glusterfs-server
        return
    fi
    for package in glusterfs-fuse glusterfs libglusterfs0 glusterfs-libs; do
        if rpm -q "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
    family | sed -n '1s/ .*//p'
}

# Whether a version is of the release $2: 11.1-1.el9 is of 11.1; 11.1-0.2rc1.el9, a build before the release, is not.
is_of_release() {
    bare=${1#*:}
    build=${bare#*-}
    [ "${bare%%-*}" = "$2" ] || return 1
    case $build in 0.*) return 1 ;; *) return 0 ;; esac
}

# Reads what is on offer, prints what to install for the version $1: whatever of the family this host has and the
# version still has. What is new with it comes because the others need it, what is gone is replaced by them.
wanted() {
    family | cut -d ' ' -f 1 >"$scratch/here"
    anchor >>"$scratch/here"
    awk -v version="$1" 'FNR == NR { here[$1]; next } $2 == version && $1 in here { print $1 }' "$scratch/here" - |
        sort -u
}

# Reads the table of a transaction as dnf 4 and yum 3 print it; prints `in NAME VERSION` and `out NAME VERSION`.
# A row is: name, architecture, version, repository, size, unit; where it is too long, it is broken after the name.
read_table() {
    awk '
        /^(Install|Upgrad|Updat|Downgrad|Reinstall)ing/ { act = "in"; count = 0; next }
        /^Removing/ { act = "out"; count = 0; next }
        /^Transaction Summary/ { exit }
        /^[^ ]/ { act = "" }
        act == "" { next }
        $1 == "replacing" { name = $2; sub(/\.[^.]*$/, "", name); print "out", name, $3; next }
        {
            for (field = 1; field <= NF; field++) {
                word[++count] = $field
                if (count == 6) { sub(/^0:/, "", word[3]); print act, word[1], word[3]; count = 0 }
            }
        }'
}

# The release that runs here: by Gluster's own word, or by its libraries where there is neither of its programs.
installed_release() {
    program=glusterfs
    is_server && program=gluster
    said=$("$program" --version 2>/dev/null | sed -n '1s/^glusterfs \([0-9.]*\).*/\1/p')
    if [ -z "$said" ] && ! is_server && ! command -v glusterfs >/dev/null; then
        said=$(family | awk -v anchor="$(anchor)" '$1 == anchor { sub(/^.*:/, "", $2); sub(/-.*/, "", $2); print $2 }')
    fi
    echo "$said"
}
