# Prints the last lines of glusterd's log.
# Releases before 3.9 or so name it after the volfile.
for log in /var/log/glusterfs/glusterd.log /var/log/glusterfs/*etc-glusterfs-glusterd.vol.log; do
    if [ -f "$log" ]; then
        tail -n "$1" "$log"
        exit
    fi
done
echo "no log of glusterd in /var/log/glusterfs" >&2
exit 1
