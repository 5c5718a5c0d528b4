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

# Prints which packages of the family, and of its roots, are to be had or are here, each with a version.
available() {
    family
    # shellcheck disable=SC2046 # names of packages
    apt-cache madison $({ family | cut -d ' ' -f 1; printf 'glusterfs-server\nglusterfs-client\n'; } | sort -u) |
        awk -F ' *[|] *' '$3 ~ / Packages$/ { print $1, $2 }'
}

# Reads the above, prints the packages to install for the version $1: the roots, and whatever of the family this host
# has and the version still has. A package that the version no longer has is left to apt.
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
