# Which of Gluster's units start at boot, kept through a transaction: packages enable and disable units by themselves
# (11.1 enables gluster-ta-volume and glusterfssharedstorage where its Debian package is new).

# Prints the units that start at boot, one a line. Nothing where systemd does not run the host.
enabled_units() {
    [ -d /run/systemd/system ] || return 0
    systemctl list-unit-files --no-legend --state=enabled 'gluster*' 2>/dev/null | cut -d ' ' -f 1 | sort
}

# Remembers which do. A record that exists is of an install that was cut, and says how it was before that.
record_units() {
    units=/var/lib/gluster-upgrade-units
    [ -e "$units" ] || { enabled_units >"$units.new" && mv "$units.new" "$units"; }
}

# Puts them back as they were, and tells of what it changed.
restore_units() {
    enabled_units >"$scratch/enabled"
    comm -13 "$units" "$scratch/enabled" | while read -r unit; do
        if systemctl disable "$unit" >>"$log" 2>&1; then
            echo "$unit was enabled by its package; it is disabled again, as before"
        fi
    done
    comm -23 "$units" "$scratch/enabled" | while read -r unit; do
        # One that the release no longer has is gone for good.
        systemctl cat "$unit" >/dev/null 2>&1 || { echo "$unit is gone with this release" && continue; }
        if systemctl enable "$unit" >>"$log" 2>&1; then
            echo "$unit was disabled by its package; it is enabled again, as before"
        fi
    done
    rm -f "$units"
}
