# What the scripts below share.
LC_ALL=C
DEBIAN_FRONTEND=noninteractive
# needrestart would restart services after dpkg, APT listings would wait for a reader.
NEEDRESTART_SUSPEND=1
APT_LISTCHANGES_FRONTEND=none
export LC_ALL DEBIAN_FRONTEND NEEDRESTART_SUSPEND APT_LISTCHANGES_FRONTEND

# Prints the packages of the glusterfs source that are on this host, whatever their state.
# Their names differ by release (glusterfs-cli came with 10, libglusterd0 went with 11), their source does not.
family() {
    dpkg-query -W -f '${source:Package} ${db:Status-Status} ${Package} ${Version}\n' |
        awk '$1 == "glusterfs" && $2 != "not-installed" && $2 != "config-files" { print $3, $4 }'
}

# Whether this host serves volumes: by its package, or by what glusterd leaves where the package has gone astray.
is_server() {
    family | grep -q '^glusterfs-server ' || [ -e /var/lib/glusterd/glusterd.info ]
}

# Prints the package by which the version of all the others is told.
anchor() {
    if is_server; then
        echo glusterfs-server
        return
    fi
    for package in glusterfs-client glusterfs-common libglusterfs0; do
        if family | grep -q "^$package "; then
            echo "$package"
            return
        fi
    done
    family | sed -n '1s/ .*//p'
}

# Prints which packages of the family are to be had or are here, each with a version.
available() {
    family
    # shellcheck disable=SC2046 # names of packages
    apt-cache madison $({ family | cut -d ' ' -f 1; anchor; } | sort -u) |
        awk -F ' *[|] *' '$3 ~ / Packages$/ { print $1, $2 }'
}

# Reads the above, prints the packages to install for the version $1: whatever of the family this host has and the
# version still has. What is new with it comes because the others need it, what it no longer has is left to apt.
wanted() {
    awk -v version="$1" '$2 == version { print $1 }' | sort -u
}

# Writes to the file $2 the preferences for one transaction: the whole glusterfs source at the version $1.
# Ours come first, since the first record for a version decides (apt_preferences(5)); the operator's follow. The
# priority is near the greatest there is, above any by which the operator may keep the family at another version.
write_preferences() {
    printf 'Package: src:glusterfs\nPin: version %s\nPin-Priority: 32000\n\n' "$1" >"$2"
    if [ -f /etc/apt/preferences ]; then
        cat /etc/apt/preferences >>"$2"
    fi
    # apt reads it as another user too.
    chmod 644 "$2"
}

# The release that runs here: by Gluster's own word, or by its libraries where there is neither of its programs.
installed_release() {
    program=glusterfs
    is_server && program=gluster
    said=$("$program" --version 2>/dev/null | sed -n '1s/^glusterfs \([0-9.]*\).*/\1/p')
    if [ -z "$said" ] && ! is_server && ! command -v glusterfs >/dev/null; then
        said=$(family | awk -v anchor="$(anchor)" '$1 == anchor { sub(/^.*:/, "", $2); sub(/[-+~].*/, "", $2); print $2 }')
    fi
    echo "$said"
}

# Reads what apt and dpkg said, prints what went wrong. dpkg names the package first, and the reason on a line below it.
complaints() {
    awk '/^E:/ || /^dpkg: .*error/ { print; below = /^dpkg/; next } below && /^ / { print; next } { below = 0 }'
}
