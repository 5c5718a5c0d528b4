# Installs by the operator's own command, "$@".
# It goes on when the connection is lost, and is never run beside another install on this host.
# Prints the end of what the command said, and at last `ended`. Exit status 75: packages are being installed already.
trap '' HUP PIPE
log=/var/log/gluster-upgrade-packages.log
exec 9>/run/gluster-upgrade-packages.lock
if ! flock -n 9; then
    echo "busy: packages are being installed on this host by an earlier command"
    exit 75
fi
"$@" </dev/null >"$log" 2>&1
status=$?
tail -n 20 "$log"
if [ "$status" -ne 0 ]; then
    echo "ended with $status; all of it is in $log on the host"
    # 75 says something else here.
    exit 1
fi
echo ended
